// Two people changed one draft. This finds, part by part, what each of them changed since the state that both began from, and puts one
// content together out of what was chosen. It chooses nothing by itself where both changed the same part.
import { type Content, same, type Waypoint } from "./model";

export type Side = "mine" | "theirs";

export interface Part {
  /** `route/title`, `order`, `stop/<id>` (all of it) or `stop/<id>/<field>`. */
  key: string;
  stop: string | null;
  field: string | null;
  mine: unknown;
  theirs: unknown;
  /** Who changed it; where both did, a person chooses. */
  changedBy: Side | "both";
}

/** What differs between my content and theirs, with who changed it. */
export function parts(base: Content, mine: Content, theirs: Content): Part[] {
  const shared = sharedIds([base, mine, theirs]);
  const [b, m, t] = [base, mine, theirs].map((one) => flat(one, shared));
  const found: Part[] = [];
  for (const key of new Set([...m.keys(), ...t.keys(), ...b.keys()])) {
    if (same(m.get(key), t.get(key))) continue;
    const byMe = !same(b.get(key), m.get(key));
    const byThem = !same(b.get(key), t.get(key));
    const [kind, stop, field] = key.split("/");
    found.push({
      key,
      stop: kind === "stop" ? stop : null,
      field: kind === "stop" ? (field ?? null) : (stop ?? kind),
      mine: m.get(key),
      theirs: t.get(key),
      changedBy: byMe && byThem ? "both" : byMe ? "mine" : "theirs",
    });
  }
  return found;
}

/** Their content with the parts of mine that were chosen. */
export function assemble(
  mine: Content,
  theirs: Content,
  found: Part[],
  sideOf: (part: Part) => Side,
): Content {
  let content: Content = { ...theirs };
  let ids = theirs.waypoints.map((one) => one.id);
  const stops = new Map<string, Waypoint>(theirs.waypoints.map((one) => [one.id, one]));
  for (const part of found) {
    if (sideOf(part) !== "mine") continue;
    if (part.key === "order") ids = inOrder(part.mine as string[], ids);
    else if (part.stop === null) content = { ...content, [part.field as string]: part.mine };
    else if (part.field === null) ids = takeStop(part, mine, stops, ids);
    else stops.set(part.stop, { ...(stops.get(part.stop) as Waypoint), [part.field]: part.mine });
  }
  return { ...content, waypoints: ids.flatMap((id) => stops.get(id) ?? []) };
}

function sharedIds(contents: Content[]): Set<string> {
  const [first, ...rest] = contents.map((one) => new Set(one.waypoints.map((waypoint) => waypoint.id)));
  return new Set([...first].filter((id) => rest.every((ids) => ids.has(id))));
}

function flat(content: Content, shared: Set<string>): Map<string, unknown> {
  const map = new Map<string, unknown>([
    ["route/title", content.title],
    ["route/summary", content.summary],
    ["route/line", content.line],
    ["order", content.waypoints.map((one) => one.id).filter((id) => shared.has(id))],
  ]);
  for (const waypoint of content.waypoints) {
    if (!shared.has(waypoint.id)) map.set(`stop/${waypoint.id}`, waypoint);
    else {
      for (const [field, value] of Object.entries(waypoint)) map.set(`stop/${waypoint.id}/${field}`, value);
    }
  }
  return map;
}

/** A stop that only one of us has, as I have it: there, or not. */
function takeStop(part: Part, mine: Content, stops: Map<string, Waypoint>, ids: string[]): string[] {
  const id = part.stop as string;
  const others = ids.filter((one) => one !== id);
  const at = mine.waypoints.findIndex((one) => one.id === id);
  if (at < 0) return others;
  stops.set(id, mine.waypoints[at]);
  const before = mine.waypoints.slice(0, at).map((one) => one.id);
  const place = Math.max(...before.map((one) => others.indexOf(one)), -1) + 1;
  return [...others.slice(0, place), id, ...others.slice(place)];
}

/** `ids` with those that `wanted` names in its order; the others keep their places. */
function inOrder(wanted: string[], ids: string[]): string[] {
  const queue = wanted.filter((id) => ids.includes(id));
  const named = new Set(queue);
  return ids.map((id) => (named.has(id) ? (queue.shift() as string) : id));
}
