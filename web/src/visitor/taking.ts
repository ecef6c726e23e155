// "Take this route with me": everything of a route is put where the service worker answers from. What is there already is not
// fetched again: texts are asked for with their ETag, files are named by their content. So taking it again after a break goes
// on, and taking a new revision fetches the difference. What no taken route needs any more is dropped.
import { signal } from "@preact/signals";
import { Refused, type Schemas, Unreached } from "../shared/api";
import type { Lang } from "../shared/i18n";
import {
  type RouteDetail,
  routeAddress,
  routesAddress,
  type Waypoint,
  waypointAddress,
  waypointsAddress,
} from "./content";
import { onKeptChange, shelves, type TakenRoute, tellKeptChange } from "./kept";

type Asset = Schemas["WireAsset"];

export type Taking =
  | { state: "rest" }
  | { state: "busy"; route: string; done: number; total: number }
  | { state: "broken"; route: string; why: "network" | "storage" | "server" };

export const taking = signal<Taking>({ state: "rest" });
export const taken = signal<ReadonlyMap<string, TakenRoute>>(new Map());

const LANGS: Lang[] = ["zh-CN", "en"];
const AT_ONCE = 4;
/** What one stop's text weighs, about, for the size that is told before. */
const STOP_TEXT_BYTES = 4_500;

/** Whether this browser can keep a route at all. */
export function canTake(): boolean {
  return "caches" in globalThis && navigator.serviceWorker?.controller != null;
}

export function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

/** The files to take: pictures, and of each exhibit the full or the reduced content, or whichever there is. */
export function files(stops: Waypoint[], reduced: boolean): Asset[] {
  const chosen = stops.flatMap(({ exhibits }) =>
    exhibits.flatMap(({ assets }) => {
      const of = (role: string) => assets.filter((asset) => asset.role === role);
      const [wanted, other] = reduced ? [of("reduced"), of("full")] : [of("full"), of("reduced")];
      return [...of("preview"), ...(wanted.length > 0 ? wanted : other)];
    }),
  );
  return [...new Map(chosen.map((asset) => [asset.sha256, asset])).values()];
}

/** What is still to be fetched, about: texts, files that are not here yet, and the parts of this page for AR. */
export async function bytesToFetch(stops: Waypoint[], reduced: boolean): Promise<number> {
  const cache = await caches.open("files");
  const here = await Promise.all(
    files(stops, reduced).map(async (asset) =>
      (await cache.match(asset.href, { ignoreVary: true })) ? 0 : asset.bytes,
    ),
  );
  const texts = stops.length * STOP_TEXT_BYTES * LANGS.length;
  return here.reduce((sum, bytes) => sum + bytes, texts) + Number(await askWorker("size-of-more"));
}

export async function take(detail: RouteDetail, stops: Waypoint[], reduced: boolean) {
  if (taking.value.state === "busy") return;
  const assets = files(stops, reduced);
  const texts = [
    ...LANGS.flatMap((lang) => [
      routesAddress(lang),
      routeAddress(detail.id, lang),
      waypointsAddress(detail.id, lang),
    ]),
    ...LANGS.flatMap((lang) => stops.map(({ id }) => waypointAddress(id, lang))),
  ];
  const jobs = [
    ...texts.map((address) => () => takeText(address)),
    ...assets.map(
      ({ href }) =>
        () =>
          takeFile(href),
    ),
  ];
  const total = jobs.length;
  const progress = () => {
    taking.value = { state: "busy", route: detail.id, done: total - jobs.length, total };
  };
  progress();
  try {
    await navigator.storage?.persist?.();
    await runAll(jobs, progress);
    if ((await askWorker("keep-more")) !== "kept") throw new Unreached("the parts for AR");
    await remember(detail, texts, assets);
    taking.value = { state: "rest" };
  } catch (error) {
    taking.value = { state: "broken", route: detail.id, why: why(error) };
  }
}

/** Some at a time; after a failure no more are begun, and it is told when none runs any more. */
async function runAll(jobs: (() => Promise<void>)[], progress: () => void) {
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await job().catch((error) => {
        jobs.length = 0;
        throw error;
      });
      progress();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}

function why(error: unknown): "network" | "storage" | "server" {
  if (error instanceof DOMException && error.name === "QuotaExceededError") return "storage";
  return error instanceof Refused ? "server" : "network";
}

async function takeText(address: string) {
  const cache = await caches.open("content");
  const etag = (await cache.match(address, { ignoreVary: true }))?.headers.get("etag");
  const answer = await fetchPast(address, etag ? { "if-none-match": etag } : {});
  if (answer.status !== 304) await cache.put(address, answer);
}

async function takeFile(address: string) {
  const cache = await caches.open("files");
  if (!(await cache.match(address, { ignoreVary: true })))
    await cache.put(address, await fetchPast(address, {}));
}

/** Past what the service worker keeps. */
async function fetchPast(address: string, headers: Record<string, string>): Promise<Response> {
  const answer = await fetch(address, {
    headers: { accept: "application/json, */*", ...headers },
    cache: "no-store",
  });
  if (answer.ok || answer.status === 304) return answer;
  throw new Refused({ status: answer.status, code: "unknown", title: answer.statusText }, null);
}

async function remember(detail: RouteDetail, texts: string[], assets: Asset[]) {
  await (await shelves()).put("taken", {
    route: detail.id,
    revision: detail.revision,
    at: new Date().toISOString(),
    bytes: assets.reduce((sum, { bytes }) => sum + bytes, texts.length * STOP_TEXT_BYTES),
    addresses: [...texts, ...assets.map(({ href }) => href)],
  });
  await dropUnneeded();
  tellKeptChange();
}

export async function leaveBehind(route: string) {
  const db = await shelves();
  const old = await db.get("taken", route);
  await db.delete("taken", route);
  const content = await caches.open("content");
  await Promise.all(
    (old?.addresses ?? [])
      .filter((address) => address.includes(`/${route}`))
      .map((address) => content.delete(address)),
  );
  await dropUnneeded();
  tellKeptChange();
}

async function dropUnneeded() {
  const cache = await caches.open("files");
  const needed = new Set((await (await shelves()).getAll("taken")).flatMap(({ addresses }) => addresses));
  const stale = (await cache.keys()).filter(({ url }) => !needed.has(new URL(url).pathname));
  await Promise.all(stale.map((request) => cache.delete(request)));
}

/** Asks the service worker and waits for its word. */
function askWorker(question: string): Promise<unknown> {
  const controller = navigator.serviceWorker?.controller;
  if (!controller) return Promise.resolve(0);
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => done(event.data);
    controller.postMessage(question, [port2]);
  });
}

async function read() {
  taken.value = new Map((await (await shelves()).getAll("taken")).map((item) => [item.route, item]));
}

/** Registers the worker where the page was built with one, and follows what is kept. */
export function startTaking() {
  onKeptChange(() => void read().catch(() => undefined));
  void read().catch(() => undefined);
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  void navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => undefined);
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // Now it can be asked: those who show what can be taken look again.
    taking.value = { ...taking.value };
  });
}
