// What the page shows: the choice (kept in the address, so that it can be passed on), the names of routes and stops, and the figures of
// one moment. Every figure on the board comes from one round of questions; only the live ones are newer.
import { computed, effect, signal } from "@preact/signals";
import { ask, get, Refused, type Schemas } from "../shared/api";
import { lang } from "../shared/i18n";
import { session, signOut } from "../shared/session";
import { type Day, dayAt, isDay, PRESETS, type Preset, type Range, rangeOf, yearBefore } from "./days";
import { type Counts, counts, type Measure } from "./figures";

export interface Choice {
  /** Null is all study routes together. */
  route: string | null;
  /** Null is a range of one's own. */
  preset: Preset | null;
  own: Range;
}
export interface Compared {
  now: Counts;
  /** The same dates a year earlier. */
  before: Counts;
}
export const PERIODS = ["today", "week", "year", "range"] as const;
export type Period = (typeof PERIODS)[number];
export interface Board {
  route: string | null;
  range: Range;
  exact: boolean;
  /** How old the figures are at most, when a standby has counted. */
  lagS: number | null;
  /** When the figures were fetched. */
  madeMs: number;
  totals: Record<Period, Compared>;
  days: Counts;
  hours: Counts;
  /** By waypoint of the chosen route, by route without one. */
  parts: Counts;
}
export interface Names {
  routes: Schemas["WireRoute"][];
  /** Of the chosen route, if it is published. */
  route: Schemas["RouteDetail"] | null;
  stops: Schemas["WireWaypoint"][];
}

/** How far this device's clock is behind the server's. */
let behindMs = 0;
export const nowMs = () => Date.now() + behindMs;

export const today = signal<Day>(dayAt(nowMs()));
/** The first day that was ever counted. */
export const first = signal<Day>(today.value);
export const choice = signal<Choice>(readAddress());
export const measure = signal<Measure>("people");
export const board = signal<Board | null>(null);
export const names = signal<Names>({ routes: [], route: null, stops: [] });
export const trouble = signal<unknown>(null);

export const range = computed<Range>(() => {
  const { preset, own } = choice.value;
  return preset ? rangeOf(preset, today.value, first.value) : own;
});

function readAddress(): Choice {
  const said = new URLSearchParams(location.hash.slice(1));
  const [from, to] = [said.get("from") ?? "", said.get("to") ?? ""];
  const own = isDay(from) && isDay(to) && from <= to ? { from, to } : null;
  const preset = PRESETS.find((name) => name === said.get("range"));
  const day = dayAt(nowMs());
  return {
    route: /^[a-z0-9-]{1,64}$/.exec(said.get("route") ?? "")?.[0] ?? null,
    preset: own ? null : (preset ?? "thirty"),
    own: own ?? { from: day, to: day },
  };
}

function writeAddress() {
  const { route, preset, own } = choice.value;
  const said = new URLSearchParams(preset ? { range: preset } : { ...own });
  if (route) said.set("route", route);
  history.replaceState(null, "", `#${said}`);
}

/** All pages of a list. */
async function list<T>(path: string, stop: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const cursor = next ? `&cursor=${next}` : "";
    const page: { items: T[]; next?: string | null } = await get(
      `${path}?limit=1000&lang=${lang.value}${cursor}`,
      {
        signal: stop,
      },
    );
    items.push(...page.items);
    next = page.next ?? undefined;
  } while (next);
  return items;
}

async function loadNames(route: string | null, stop: AbortSignal): Promise<Names> {
  const routes = await list<Schemas["WireRoute"]>("/v1/routes", stop);
  // A route that was withdrawn still has figures, but neither a line nor stops to draw.
  if (!route || !routes.some(({ id }) => id === route)) return { routes, route: null, stops: [] };
  const [detail, stops] = await Promise.all([
    get<Schemas["RouteDetail"]>(`/v1/routes/${route}?lang=${lang.value}`, { signal: stop }),
    list<Schemas["WireWaypoint"]>(`/v1/routes/${route}/waypoints`, stop),
  ]);
  return { routes, route: detail, stops };
}

async function compared(of: Range, route: string | null, stop: AbortSignal): Promise<Compared> {
  const [now, before] = await Promise.all([
    counts(of, route, undefined, stop),
    counts(yearBefore(of), route, undefined, stop),
  ]);
  return { now, before };
}

async function loadBoard(of: Range, route: string | null, stop: AbortSignal): Promise<Board> {
  const [day, since] = [today.value, first.value];
  const period = (preset: Preset) => compared(rangeOf(preset, day, since), route, stop);
  const [ofDay, week, year, whole, days, hours, parts] = await Promise.all([
    period("today"),
    period("week"),
    period("year"),
    compared(of, route, stop),
    counts(of, route, "day", stop),
    counts(of, route, "hour", stop),
    counts(of, route, route ? "waypoint" : "route", stop),
  ]);
  const totals = { today: ofDay, week, year, range: whole };
  // Half of a round may have been answered before a session ended: the whole counts as public then.
  const answers = [...Object.values(totals).map(({ now }) => now), days, hours, parts];
  const exact = answers.every((c) => c.exact);
  const lags = answers.map((c) => c.lag_s).filter((lag) => typeof lag === "number");
  const lagS = lags.length > 0 ? Math.max(...lags) : null;
  return { route, range: of, exact, lagS, madeMs: nowMs(), totals, days, hours, parts };
}

/** The day and the first day that was counted, both by the server's clock. */
async function setClock(stop: AbortSignal) {
  const { value, headers } = await ask<Counts>("/v1/counts", { signal: stop });
  const theirs = Date.parse(headers.get("date") ?? "");
  if (Number.isFinite(theirs)) {
    // The server tells whole seconds: what they explain is not corrected, so that no board looks older than the one before it.
    const least = theirs - Date.now();
    behindMs = Math.min(Math.max(behindMs, least), least + 999);
  }
  today.value = dayAt(nowMs());
  first.value = value.from;
}

let running: AbortController | null = null;

/** Asks everything again; a question that is still running is dropped. */
export async function load(): Promise<void> {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  try {
    await setClock(mine.signal);
    const { route } = choice.value;
    const [figures, words] = await Promise.all([
      loadBoard(range.value, route, mine.signal),
      loadNames(route, mine.signal),
    ]);
    if (mine.signal.aborted) return;
    board.value = figures;
    names.value = words;
    trouble.value = null;
  } catch (error) {
    if (mine.signal.aborted) return;
    mine.abort();
    trouble.value = error;
    // The cookie's key was withdrawn meanwhile: go on in public.
    if (error instanceof Refused && error.problem.status === 401 && session.value)
      await signOut().catch(() => {});
  }
}

/** From here on the board follows the choice, the language and who is signed in. */
export function follow() {
  effect(() => {
    writeAddress();
    void [lang.value, session.value];
    void load();
  });
  addEventListener("hashchange", () => {
    choice.value = readAddress();
  });
}
