// What this phone keeps, in IndexedDB: the participant's token, check-ins with their fate, the stops visited, answers to
// questions, and which routes were taken along. Nothing of it is anywhere else on the phone. Other tabs are told of changes.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Problem, Schemas } from "../shared/api";

export interface KeptCheckIn {
  /** Made here, so that the server knows a repeat. */
  id: string;
  waypoint: string;
  title: string;
  occurred_at: string;
  state: "waiting" | "kept" | "refused";
  /** Until the server has judged it; then it is dropped. */
  position?: Schemas["ReportedPosition"];
  verdict?: Schemas["CheckIn"]["verdict"];
  problem?: Problem;
}

export interface Visit {
  waypoint: string;
  at: string;
  verdict: Schemas["CheckIn"]["verdict"];
}

export interface TakenRoute {
  route: string;
  revision: number;
  at: string;
  bytes: number;
  /** Every address that belongs to it. */
  addresses: string[];
}

interface Shelves extends DBSchema {
  participant: { key: "me"; value: { token: string; participant_id: string } };
  checkIns: { key: string; value: KeptCheckIn; indexes: { state: string; at: string } };
  visits: { key: string; value: Visit };
  answers: { key: string; value: { question: string; option: string } };
  taken: { key: string; value: TakenRoute };
}

let opened: Promise<IDBPDatabase<Shelves>> | null = null;

export function shelves(): Promise<IDBPDatabase<Shelves>> {
  opened ??= openDB<Shelves>("studyroute", 1, {
    upgrade(db) {
      db.createObjectStore("participant");
      const checkIns = db.createObjectStore("checkIns", { keyPath: "id" });
      checkIns.createIndex("state", "state");
      checkIns.createIndex("at", "occurred_at");
      db.createObjectStore("visits", { keyPath: "waypoint" });
      db.createObjectStore("answers", { keyPath: "question" });
      db.createObjectStore("taken", { keyPath: "route" });
    },
    blocking(_now, _wanted, event) {
      // A newer page in another tab wants to change the shelves: give way, and open again when needed.
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated() {
      opened = null;
    },
  }).catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("studyroute") : null;
const listeners = new Set<() => void>();

/** Calls when something kept has changed, here or in another tab. */
export function onKeptChange(listener: () => void) {
  listeners.add(listener);
}

export function tellKeptChange() {
  for (const listener of listeners) listener();
  channel?.postMessage("kept");
}

channel?.addEventListener("message", () => {
  for (const listener of listeners) listener();
});

/** One holder at a time among all tabs of this phone; without Web Locks the server's idempotence carries it alone. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? await navigator.locks.request(`studyroute.${name}`, work) : work();
}

/** RFC 9562 version 4; `crypto.randomUUID` exists only where the page came by HTTPS. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
