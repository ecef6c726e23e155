// Says what to ask the server for, one call at a time, until what it has is what the page shows. Every call names the state that it was
// made on, so that nobody's work is overwritten unseen.
import { type Content, same, type Waypoint } from "./model";

export interface Step {
  method: "PATCH" | "POST" | "PUT" | "DELETE";
  /** Behind the draft's address. */
  path: string;
  body?: unknown;
  contentType?: string;
  /** What the server has once it is done. */
  after: Content;
}

const MERGE_PATCH = "application/merge-patch+json";

/** The next call, or null when nothing is left to save. */
export function nextStep(saved: Content, wanted: Content): Step | null {
  return (
    routeStep(saved, wanted) ??
    removal(saved, wanted) ??
    addition(saved, wanted) ??
    change(saved, wanted) ??
    order(saved, wanted)
  );
}

function routeStep(saved: Content, wanted: Content): Step | null {
  const { title, summary, line } = wanted;
  const body: Record<string, unknown> = {};
  if (!same(saved.title, title)) body.title = whole(saved.title, title);
  if (!same(saved.summary, summary)) body.summary = whole(saved.summary, summary);
  if (!same(saved.line, line)) body.line = line.length ? { type: "LineString", coordinates: line } : null;
  if (Object.keys(body).length === 0) return null;
  return {
    method: "PATCH",
    path: "",
    body,
    contentType: MERGE_PATCH,
    after: { ...saved, title, summary, line },
  };
}

/** A merge patch removes a language only when it says so. */
function whole(before: object, after: object): object {
  return { ...Object.fromEntries(Object.keys(before).map((name) => [name, null])), ...after };
}

function removal(saved: Content, wanted: Content): Step | null {
  const kept = new Set(wanted.waypoints.map((one) => one.id));
  const gone = saved.waypoints.find((one) => !kept.has(one.id));
  if (!gone) return null;
  const after = { ...saved, waypoints: saved.waypoints.filter((one) => one !== gone) };
  return { method: "DELETE", path: `/waypoints/${gone.id}`, after };
}

function addition(saved: Content, wanted: Content): Step | null {
  const there = new Set(saved.waypoints.map((one) => one.id));
  const added = wanted.waypoints.find((one) => !there.has(one.id));
  if (!added) return null;
  const after = { ...saved, waypoints: [...saved.waypoints, added] };
  return { method: "POST", path: "/waypoints", body: added, after };
}

function change(saved: Content, wanted: Content): Step | null {
  const byId = new Map<string, Waypoint>(saved.waypoints.map((one) => [one.id, one]));
  const changed = wanted.waypoints.find((one) => !same(byId.get(one.id), one));
  if (!changed) return null;
  const waypoints = saved.waypoints.map((one) => (one.id === changed.id ? changed : one));
  return { method: "PUT", path: `/waypoints/${changed.id}`, body: changed, after: { ...saved, waypoints } };
}

function order(saved: Content, wanted: Content): Step | null {
  const ids = wanted.waypoints.map((one) => one.id);
  if (ids.every((id, i) => saved.waypoints[i]?.id === id)) return null;
  return {
    method: "PUT",
    path: "/order",
    body: { waypoints: ids },
    after: { ...saved, waypoints: wanted.waypoints },
  };
}
