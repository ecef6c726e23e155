// What a designer works on: the content of one draft, and the small pure changes that can be made to it. A stop's place in the order
// is its place in the list, so `order` is taken off on the way in and never sent.
import type { Schemas } from "../shared/api";
import type { Lang } from "../shared/i18n";

export type Text = Partial<Record<Lang, string>>;
/** Longitude and latitude, degrees, as GeoJSON has them. */
export type LonLat = [number, number];
export type Zone =
  | { kind: "circle"; radius_m: number; to_be_surveyed?: boolean }
  | { kind: "polygon"; coordinates: LonLat[][]; to_be_surveyed?: boolean };
export interface Fact {
  text?: Text;
  date?: Text;
  source?: string;
}
export interface Question {
  id?: string;
  prompt?: Text;
  options?: { id?: string; text?: Text }[];
  key?: string;
  explanation?: Text;
  source?: string;
}
export type Exhibit = Omit<Schemas["Exhibit"], "title" | "alt" | "text"> & {
  title?: Text;
  alt?: Text;
  text?: Text;
};
export type Asset = Schemas["Asset"];
export interface Position {
  lat: number;
  lon: number;
  height_m?: number | null;
}
export interface Waypoint {
  id: string;
  position: Position;
  title?: Text;
  summary?: Text;
  zone?: Zone;
  themes?: string[];
  county?: Text;
  period?: Text;
  heritage?: { status?: Text; unesco_whc?: string | null };
  facts?: Fact[];
  questions?: Question[];
  exhibits?: Exhibit[];
  coordinate?: Schemas["FileCoordinate"];
  altitude?: Schemas["Altitude"] | null;
  opening_hours?: { text?: Text; source?: string } | null;
}

export interface Content {
  title: Text;
  summary: Text;
  line: LonLat[];
  waypoints: readonly Waypoint[];
}
export type Status = Schemas["RouteStatus"];

/** Radius of the zone of a stop that was just put on the map, metres: what phones need on open ground. */
export const ZONE_NEW_M = 50;

/** A draft whose waypoints are all there. */
export type WholeDraft = Schemas["Draft"] & { waypoints: Schemas["DraftWaypoint"][] };

export function contentOf(draft: WholeDraft): Content {
  const waypoints = draft.waypoints.map(({ order: _, ...waypoint }) => waypoint as Waypoint);
  const line = (draft.line?.coordinates ?? []) as LonLat[];
  return { title: draft.title as Text, summary: draft.summary as Text, line, waypoints };
}

/**
 * Equal in every value, whatever the order of the members. What says nothing, such as an empty text or list, is as good as a member that
 * is not there: the server fills such members in.
 */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (isNothing(a) && isNothing(b))) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => same(left[name], right[name]));
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(isNothing);
}

export function find(content: Content | null, id: string | null): Waypoint | undefined {
  return content?.waypoints.find((waypoint) => waypoint.id === id);
}

export function changeWaypoint(content: Content, id: string, change: Partial<Waypoint>): Content {
  const waypoints = content.waypoints.map((one) => (one.id === id ? { ...one, ...change } : one));
  return { ...content, waypoints };
}

export function removeWaypoint(content: Content, id: string): Content {
  return { ...content, waypoints: content.waypoints.filter((one) => one.id !== id) };
}

/** Puts the stop at `from` to `to`; nothing moves beyond the ends. */
export function moveWaypoint(content: Content, from: number, to: number): Content {
  const last = content.waypoints.length - 1;
  if (from === to || from < 0 || to < 0 || from > last || to > last) return content;
  const waypoints = [...content.waypoints];
  waypoints.splice(to, 0, ...waypoints.splice(from, 1));
  return { ...content, waypoints };
}

/** A stop that was put on the map: nothing is known of it but where somebody clicked. */
export function newWaypoint(content: Content, lon: number, lat: number): Waypoint {
  const taken = new Set(content.waypoints.map((one) => one.id));
  let number = content.waypoints.length + 1;
  while (taken.has(`stop-${number}`)) number += 1;
  return {
    id: `stop-${number}`,
    position: { lat: degrees(lat), lon: degrees(lon) },
    title: { "zh-CN": `新站点 ${number}`, en: `New stop ${number}` },
    zone: { kind: "circle", radius_m: ZONE_NEW_M },
  };
}

/** To a centimetre: finer than anybody can point. */
export function degrees(value: number): number {
  return Math.round(value * 1e7) / 1e7;
}

/** A name for addresses out of a title: what is left of it in plain letters. */
export function slugOf(title: string): string {
  return title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64)
    .replace(/-+$/, "");
}
