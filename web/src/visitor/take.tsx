import type { RouteDetail, Waypoint } from "./content";

export function TakeAlong(_: { detail: RouteDetail; items: Waypoint[] }) {
  return null;
}
