// The published content in the chosen language, loaded when first looked at and kept as long as the page. Behind it stands
// the service worker, which answers from what is on the phone and fetches anew in the background.
import { type Signal, signal } from "@preact/signals";
import { get, Refused, type Schemas } from "../shared/api";
import { type Lang, lang } from "../shared/i18n";

export type Route = Schemas["WireRoute"];
export type RouteDetail = Schemas["RouteDetail"];
export type Waypoint = Schemas["WireWaypoint"];
export type WaypointDetail = Schemas["WaypointDetail"];
export type Exhibit = Schemas["WireExhibit"];

export type Loaded<T> =
  | { state: "loading" }
  | { state: "missing" | "unreached" }
  | { state: "here"; value: T };

interface Entry {
  signal: Signal<Loaded<unknown>>;
  load: () => Promise<unknown>;
}

const entries = new Map<string, Entry>();

function loaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  let entry = entries.get(key);
  if (!entry) {
    entry = { signal: signal<Loaded<unknown>>({ state: "loading" }), load };
    entries.set(key, entry);
    void refresh(entry);
  }
  return entry.signal.value as Loaded<T>;
}

async function refresh(entry: Entry) {
  try {
    entry.signal.value = { state: "here", value: await entry.load() };
  } catch (error) {
    // What was loaded before is better than nothing.
    if (entry.signal.peek().state === "here") return;
    entry.signal.value = { state: error instanceof Refused ? "missing" : "unreached" };
  }
}

/** Tries again what could not be loaded. */
export function retry() {
  for (const entry of entries.values()) {
    if (entry.signal.peek().state !== "here") {
      entry.signal.value = { state: "loading" };
      void refresh(entry);
    }
  }
}

/** Loads everything anew, keeping what is shown until it is there. */
function renew() {
  for (const entry of entries.values()) void refresh(entry);
}

export const routesAddress = (lang: Lang) => `/v1/routes?lang=${lang}`;
export const routeAddress = (route: string, lang: Lang) => `/v1/routes/${route}?lang=${lang}`;
export const waypointsAddress = (route: string, lang: Lang) =>
  `/v1/routes/${route}/waypoints?lang=${lang}&limit=1000`;
export const waypointAddress = (id: string, lang: Lang) => {
  const [route, waypoint] = id.split("/");
  return `/v1/routes/${route}/waypoints/${waypoint}?lang=${lang}`;
};

export function routes(): Loaded<Route[]> {
  const address = routesAddress(lang.value);
  return loaded(address, async () => (await get<Schemas["RouteList"]>(address)).items);
}

export function route(id: string): Loaded<RouteDetail> {
  const address = routeAddress(id, lang.value);
  return loaded(address, () => get<RouteDetail>(address));
}

export function waypoints(id: string): Loaded<Waypoint[]> {
  const address = waypointsAddress(id, lang.value);
  return loaded(address, async () => (await get<Schemas["WaypointList"]>(address)).items);
}

export function waypoint(id: string): Loaded<WaypointDetail> {
  const address = waypointAddress(id, lang.value);
  return loaded(address, () => get<WaypointDetail>(address));
}

/** Follows network and service worker: what was missing is tried again, what changed is loaded anew. */
export function followContent() {
  let soon: ReturnType<typeof setTimeout> | undefined;
  addEventListener("online", retry);
  navigator.serviceWorker?.addEventListener("message", (event) => {
    if (event.data !== "content-changed") return;
    // Many may change at once.
    clearTimeout(soon);
    soon = setTimeout(renew, 300);
  });
}
