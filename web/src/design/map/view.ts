// Where the map looks.
import type { Map as MapLibre } from "maplibre-gl";
import type { LonLat } from "../model";
import { content } from "../store";
import { type Box, boxOf, circle, rings } from "./shapes";

export const CLOSE_ZOOM = 16;
const NEAR_ZOOM = 20;
/** Room for the buttons over the map. */
export const ROOM = { top: 130, right: 90, bottom: 60, left: 60 };
/** So much ground is seen round a stop whose exhibits are placed, metres. */
const AROUND_M = 25;

/** Shows a box, at once for who wants no motion. */
export function look(map: MapLibre, box: Box | null, maxZoom = CLOSE_ZOOM) {
  if (box) map.fitBounds(box, { padding: ROOM, maxZoom, animate: !calm() });
}

/** Brings a stop into view when it is not, and into the middle when its zone is to be drawn. */
export function reveal(map: MapLibre, id: string, middle: boolean) {
  const stop = content.peek()?.waypoints.find((one) => one.id === id);
  if (!stop) return;
  const at: LonLat = [stop.position.lon, stop.position.lat];
  if (middle || !map.getBounds().contains(at) || map.getZoom() < CLOSE_ZOOM - 3) {
    look(map, boxOf([at, ...rings(stop).flat()]));
  }
}

/** Comes near enough to place what stands at a stop. */
export function revealExhibits(map: MapLibre, id: string) {
  const stop = content.peek()?.waypoints.find((one) => one.id === id);
  if (!stop) return;
  const places =
    stop.exhibits?.map(({ geopose: { position } }): LonLat => [position.lon, position.lat]) ?? [];
  look(map, boxOf([...circle(stop.position, AROUND_M), ...places]), NEAR_ZOOM);
}

/** Whether somebody wants no motion. */
export function calm(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The box of the whole route. */
export function everything(): Box | null {
  const now = content.peek();
  return (
    now &&
    boxOf([...now.line, ...now.waypoints.flatMap((one) => [[one.position.lon, one.position.lat] as LonLat])])
  );
}

export function showAll(map: MapLibre) {
  look(map, everything());
}
