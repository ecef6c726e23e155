// The view of a route's map: where it looks and how near, and which stops stand so close that they are drawn as one. Pure.
import type { LatLon } from "./geo";

export const WIDTH = 400;
export const HEIGHT = 320;
const MARGIN = 34;
const NEAREST_M_PER_UNIT = 0.25;
const M_PER_DEG = 111_320;
const CLOSE = 30;

/** The middle of the map and how many metres one unit of the drawing is. */
export interface View extends LatLon {
  scale: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Mark<T> extends Point {
  members: T[];
}

/** The view that holds all these points. */
export function fit(points: readonly LatLon[]): View {
  const lats = points.map(({ lat }) => lat);
  const lons = points.map(({ lon }) => lon);
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const lat = (south + north) / 2;
  const across = ((east - west) * M_PER_DEG * cos(lat)) / (WIDTH - 2 * MARGIN);
  const along = ((north - south) * M_PER_DEG) / (HEIGHT - 2 * MARGIN);
  return { lat, lon: (west + east) / 2, scale: Math.max(across, along, NEAREST_M_PER_UNIT) };
}

export function toScreen(view: View, { lat, lon }: LatLon): Point {
  return {
    x: WIDTH / 2 + ((lon - view.lon) * M_PER_DEG * cos(view.lat)) / view.scale,
    y: HEIGHT / 2 - ((lat - view.lat) * M_PER_DEG) / view.scale,
  };
}

/** What stands at a point of the screen. */
export function geoAt(view: View, { x, y }: Point): LatLon {
  return pan(view, WIDTH / 2 - x, HEIGHT / 2 - y);
}

/** Moved by drawing units. */
export function pan(view: View, dx: number, dy: number): View {
  return {
    ...view,
    lon: view.lon - (dx * view.scale) / (M_PER_DEG * cos(view.lat)),
    lat: view.lat + (dy * view.scale) / M_PER_DEG,
  };
}

/** Nearer by a factor, while the point `at` stays where it is; never farther than `widest`. */
export function zoom(
  view: View,
  factor: number,
  widest: number,
  at: Point = { x: WIDTH / 2, y: HEIGHT / 2 },
): View {
  const scale = Math.min(widest, Math.max(NEAREST_M_PER_UNIT, view.scale / factor));
  const [dx, dy] = [at.x - WIDTH / 2, at.y - HEIGHT / 2];
  const held = pan(view, -dx, -dy);
  return pan({ ...held, scale }, dx, dy);
}

/** Stops on the screen; those that would cover each other share a mark at the first one's place. */
export function marks<T extends { position: LatLon }>(view: View, stops: readonly T[]): Mark<T>[] {
  const out: Mark<T>[] = [];
  for (const stop of stops) {
    const point = toScreen(view, stop.position);
    const near = out.find((mark) => Math.hypot(mark.x - point.x, mark.y - point.y) < CLOSE);
    if (near) near.members.push(stop);
    else out.push({ ...point, members: [stop] });
  }
  return out;
}

/** A round length for the scale bar, metres. */
export function barM(view: View): number {
  const longest = view.scale * 110;
  const power = 10 ** Math.floor(Math.log10(longest));
  return power * ([5, 2, 1].find((step) => step * power <= longest) ?? 1);
}

function cos(lat: number): number {
  return Math.cos((lat * Math.PI) / 180);
}
