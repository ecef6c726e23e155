// An import as a designer sees it: a file, how it is to be read, and what the server says would come of it. Nothing is taken before a dry
// run has been looked at, and a doubt about the reference system is answered first.
import { batch, signal } from "@preact/signals";
import { Refused, type Schemas } from "../../shared/api";
import { say } from "../../shared/i18n";
import { call, readDraft, routePath } from "../call";
import { contentOf, type LonLat } from "../model";
import { type Ghost, ghostShown, ghosts, overview } from "../overlay";
import { announced, content, currentEtag, reload, route, save } from "../store";
import { stopTitle } from "../words/fields";
import { mistake } from "../words/mistakes";

export interface Mistake {
  column: string;
  value: string;
  message: string;
}
export interface Understood {
  format: string;
  encoding?: string;
  delimiter?: string;
  sheet?: string;
  sheets?: string[];
  columns?: { heading: string; field: string }[];
  ignored?: string[];
  notes?: string[];
}
export type Report = Omit<Schemas["Report"], "understood" | "results"> & {
  understood: Understood;
  results: (Omit<Schemas["RowReport"], "place" | "mistakes"> & {
    place: Record<string, number>;
    mistakes?: Mistake[];
  })[];
};
export interface Reading {
  /** Of a workbook; empty for its first. */
  sheet: string;
  crs: "" | "wgs84" | "gcj02" | "bd09";
  swap_axes: boolean;
  replace: boolean;
  partial: boolean;
  /** Of positions that name no source or precision of their own; empty means as the server assumes. */
  source: string;
  precision_m: string;
}

const AS_IT_COMES: Reading = {
  sheet: "",
  crs: "",
  swap_axes: false,
  replace: false,
  partial: false,
  source: "",
  precision_m: "",
};
const GHOSTS_MAX = 12;
/** A converted place as near as this to the stop of its name is taken to be there. */
const EXPLAINED_M = 80;
const TIMEOUT_MS = 60_000;

export const file = signal<File | null>(null);
export const reading = signal<Reading>(AS_IT_COMES);
export const report = signal<Report | null>(null);
export const taken = signal<Report | null>(null);
export const busy = signal(false);
export const problem = signal<string | null>(null);

export function choose(next: File | null) {
  batch(() => {
    file.value = next;
    reading.value = AS_IT_COMES;
    taken.value = null;
    report.value = null;
    problem.value = null;
    ghosts.value = [];
  });
  if (next) void look();
}

/** Reads the file in another way, or says why it cannot be read so, and leaves the way it was. */
export async function read(change: Partial<Reading>) {
  const before = reading.value;
  reading.value = { ...before, ...change };
  if (!(await look())) reading.value = before;
}

/** The dry run. Says whether there is something to look at. */
async function look(): Promise<boolean> {
  const answer = await send(true, reading.value);
  if (!answer) return false;
  report.value = answer;
  const doubt = answer.suggestions.find((one) => one.parameter === "crs");
  if (doubt) await showGhosts(doubt.value as Reading["crs"]);
  else ghosts.value = [];
  return true;
}

export async function take() {
  if (!(await save())) {
    problem.value = say(
      "页面上的改动还没有保存，请先保存再导入。",
      "What you changed on the page is not saved yet. Save it first.",
    );
    return;
  }
  const answer = await send(false, reading.value);
  if (!answer) return;
  if (!answer.accepted) {
    report.value = answer;
    return;
  }
  await reload(true);
  batch(() => {
    taken.value = answer;
    file.value = null;
    report.value = null;
    ghosts.value = [];
    overview.value += 1;
  });
  announced.value = say("已导入", "Imported");
}

async function send(dryRun: boolean, how: Reading): Promise<Report | null> {
  if (!file.value || !route.value) return null;
  const query = new URLSearchParams();
  if (dryRun) query.set("dry_run", "true");
  for (const name of ["sheet", "crs", "source", "precision_m"] as const)
    if (how[name]) query.set(name, how[name]);
  for (const name of ["swap_axes", "replace", "partial"] as const) if (how[name]) query.set(name, "true");
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (!dryRun) headers["if-match"] = currentEtag();
  busy.value = true;
  problem.value = null;
  try {
    const path = routePath(route.value, `/import?${query}`);
    return (await call<Report>(path, { method: "POST", raw: file.value, headers, timeoutMs: TIMEOUT_MS }))
      .value;
  } catch (error) {
    if (error instanceof Refused && error.problem.code === "import-refused")
      return error.problem as unknown as Report;
    const ofSheet = how.sheet && error instanceof Refused && error.problem.code === "unreadable-file";
    problem.value = ofSheet ? noStops(how.sheet) : mistake(error);
    return null;
  } finally {
    busy.value = false;
  }
}

function noStops(sheet: string): string {
  return say(
    `工作表“${sheet}”里没有站点的表头，所以还是读原来那张。`,
    `The sheet “${sheet}” has no headings of stops, so the one before is still read.`,
  );
}

/** Where places of the file lie as their numbers stand, and where they come to if they are converted: on the stops of their names. */
async function showGhosts(crs: Reading["crs"]) {
  const converted = await send(true, { ...reading.value, crs });
  if (!converted || !route.value) return;
  const explained = converted.results.filter((row) => row.id && (row.moved_m ?? 0) <= EXPLAINED_M);
  const draft = await readDraft(route.value, crs);
  const shifted = new Map(contentOf(draft).waypoints.map((one) => [one.id, one.position]));
  const pairs = explained.flatMap((row): Ghost[] => {
    const [stop, at] = [content.value?.waypoints.find((one) => one.id === row.id), shifted.get(row.id ?? "")];
    if (!stop || !at) return [];
    const here: LonLat = [stop.position.lon, stop.position.lat];
    return [{ id: stop.id, title: stopTitle(stop), asWritten: [at.lon, at.lat], converted: here }];
  });
  batch(() => {
    ghostShown.value = 0;
    ghosts.value = pairs.slice(0, GHOSTS_MAX);
  });
}
