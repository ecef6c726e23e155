// Check-ins on their way. Each gets its id and lies in IndexedDB before anything is sent, so that it outlives a closed page
// and a dead network; the server takes an id once, so that sending it again does no harm. Sent when made, at the start, when
// the network or the page comes back, and by a timer that backs off as the server asks.
import { computed, signal } from "@preact/signals";
import { get, type Problem, Refused, type Schemas, Unreached } from "../shared/api";
import { alone, type KeptCheckIn, onKeptChange, shelves, tellKeptChange, uuid } from "./kept";
import { forget, tokenOrNew } from "./participant";
import type { Fix } from "./position";

const BATCH_MAX = 100;
const FIRST_PAUSE_S = 5;
const LONGEST_PAUSE_S = 300;
/** Settled check-ins that are shown; older ones are dropped from the phone. */
const SETTLED_MAX = 500;
/** Refusals of the request as a whole that say something in it is wrong. */
const WRONG_AS_A_WHOLE = [400, 413, 415, 422];

export const checkIns = signal<KeptCheckIn[]>([]);
export const waiting = computed(() => checkIns.value.filter((item) => item.state === "waiting").length);
export const visits = signal<ReadonlyMap<string, "inside" | "uncertain">>(new Map());
/** Why the last attempt reached nobody or was put off; null when nothing is wrong. */
export const held = signal<"network" | "server" | null>(null);

let timer: ReturnType<typeof setTimeout> | undefined;
let pauseS = FIRST_PAUSE_S;

/** Keeps a check-in and tries to send it. Throws if the phone cannot keep it, such as when its storage is full. */
export async function checkIn(waypoint: string, title: string, fix: Fix): Promise<string> {
  const item: KeptCheckIn = {
    id: uuid(),
    waypoint,
    title,
    occurred_at: new Date().toISOString(),
    state: "waiting",
    position: { lat: fix.lat, lon: fix.lon, accuracy_m: fix.accuracy_m },
  };
  const transaction = (await shelves()).transaction("checkIns", "readwrite", { durability: "strict" });
  await Promise.all([transaction.store.put(item), transaction.done]);
  tellKeptChange();
  pauseS = FIRST_PAUSE_S;
  void flush();
  return item.id;
}

/** Sends what waits. One tab at a time; called again while it runs, it runs once more after. */
export async function flush(): Promise<void> {
  clearTimeout(timer);
  try {
    await alone("flush", sendAll);
    held.value = null;
    pauseS = FIRST_PAUSE_S;
  } catch (error) {
    held.value = error instanceof Unreached ? "network" : "server";
    const asked = error instanceof Refused ? error.retryAfterS : null;
    clearTimeout(timer);
    timer = setTimeout(flush, 1_000 * Math.max(asked ?? 0, pauseS * (0.75 + Math.random() / 2)));
    pauseS = Math.min(pauseS * 2, LONGEST_PAUSE_S);
  }
}

async function sendAll() {
  for (;;) {
    const items = await (await shelves()).getAllFromIndex("checkIns", "state", "waiting", BATCH_MAX);
    if (items.length === 0) return;
    await send(items, true);
  }
}

async function send(items: KeptCheckIn[], mayRenew: boolean): Promise<void> {
  const token = await tokenOrNew();
  const check_ins = items.map(({ id, waypoint, occurred_at, position }) => {
    return { id, waypoint, occurred_at, position };
  });
  try {
    const answer = await get<Schemas["BatchAnswer"]>("/v1/check-ins/batch", { body: { check_ins }, token });
    await settle(items, answer.results);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status } = error.problem;
    if (status === 401 && mayRenew) {
      // The server lost this participant, such as with a new database: the check-ins go to a new one.
      await forget(token);
      return send(items, false);
    }
    if (!WRONG_AS_A_WHOLE.includes(status)) throw error;
    if (items.length === 1)
      return settle(items, [{ id: items[0].id, status, problem: error.problem as never }]);
    // One of them spoils the rest: halve until it stands alone.
    const half = items.length >> 1;
    await send(items.slice(0, half), mayRenew);
    await send(items.slice(half), mayRenew);
  }
}

async function settle(items: KeptCheckIn[], results: Schemas["BatchResult"][]) {
  const transaction = (await shelves()).transaction(["checkIns", "visits"], "readwrite");
  let later: Problem | null = null;
  for (const result of results) {
    const item = items.find(({ id }) => id === result.id);
    // Erased by another tab in the meantime: it stays erased.
    if (!item || !(await transaction.objectStore("checkIns").get(item.id))) continue;
    if (result.check_in) {
      const { verdict, waypoint, occurred_at } = result.check_in;
      await transaction.objectStore("checkIns").put({ ...without(item), state: "kept", verdict });
      const before = await transaction.objectStore("visits").get(waypoint);
      if (before?.verdict !== "inside") {
        await transaction.objectStore("visits").put({ waypoint, at: occurred_at, verdict });
      }
    } else if (result.status >= 500 || result.status === 429) {
      later = result.problem as unknown as Problem;
    } else {
      const problem = result.problem as unknown as Problem;
      await transaction.objectStore("checkIns").put({ ...without(item), state: "refused", problem });
    }
  }
  await transaction.done;
  tellKeptChange();
  if (later) throw new Refused(later, null);
}

/** Judged: where it was is no longer kept. */
function without({ position: _, ...item }: KeptCheckIn): KeptCheckIn {
  return item;
}

async function read() {
  const db = await shelves();
  const all = (await db.getAllFromIndex("checkIns", "at")).reverse();
  const settled = all.filter((item) => item.state !== "waiting").slice(SETTLED_MAX);
  await Promise.all(settled.map((item) => db.delete("checkIns", item.id)));
  checkIns.value = all;
  visits.value = new Map((await db.getAll("visits")).map((visit) => [visit.waypoint, visit.verdict]));
}

/** Begins: reads what is kept and follows network and page. */
export function startQueue() {
  // Where nothing can be kept there is nothing to read; the check-in itself says so.
  onKeptChange(() => void read().catch(() => undefined));
  void read().then(flush, () => undefined);
  addEventListener("online", () => void flush());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void flush();
  });
}
