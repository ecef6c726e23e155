// Places the stops' discs on the map: as near to where the stop is as they can be without covering one another. Pure.
export interface Point {
  x: number;
  y: number;
}
export interface Disc extends Point {
  r: number;
  /** Where the stop is. */
  at: Point;
}
export interface Frame {
  width: number;
  height: number;
}
export type LonLat = readonly [lon: number, lat: number];

const ROUNDS = 160;
const GAP_PX = 2;
/** How much of the way home a disc goes per round; in the later half they only part. */
const HOMEWARD = 0.03;
/** Above this many discs the work of pushing them apart would be felt. */
const PUSHED_MAX = 200;
const RADIANS = Math.PI / 180;
const EARTH_M_PER_DEG = 111_320;

export interface Projection {
  put: (place: LonLat) => Point;
  height: number;
  metresPerPixel: number;
}

/** A plain projection around the middle of what is drawn, as wide as the frame; no taller than the most given. */
export function fit(
  places: LonLat[],
  width: number,
  margin: number,
  least: number,
  most: number,
): Projection {
  const lons = places.map(([lon]) => lon);
  const lats = places.map(([, lat]) => lat);
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const narrowing = Math.cos(((south + north) / 2) * RADIANS);
  const wide = Math.max((east - west) * narrowing, 1e-4);
  const tall = Math.max(north - south, 1e-4);
  const inner = width - 2 * margin;
  const height = Math.min(most, Math.max(least, (tall / wide) * inner + 2 * margin));
  const scale = Math.min(inner / wide, (height - 2 * margin) / tall);
  const put = ([lon, lat]: LonLat) => ({
    x: width / 2 + (lon - (west + east) / 2) * narrowing * scale,
    y: height / 2 - (lat - (south + north) / 2) * scale,
  });
  return { put, height, metresPerPixel: EARTH_M_PER_DEG / scale };
}

function pushApart(a: Disc, b: Disc) {
  const least = a.r + b.r + GAP_PX;
  // Two stops at one place part sideways.
  const dx = b.x - a.x || 0.01;
  const dy = b.y - a.y;
  const apart = Math.hypot(dx, dy);
  if (apart >= least) return;
  const by = (least - apart) / 2 / apart;
  a.x -= dx * by;
  a.y -= dy * by;
  b.x += dx * by;
  b.y += dy * by;
}

/** Moves the discs until none covers another, as far as the frame has room. */
export function spread(discs: Disc[], frame: Frame): Disc[] {
  const moved = discs.map((disc) => ({ ...disc }));
  if (moved.length > PUSHED_MAX) return moved;
  for (let round = 0; round < ROUNDS; round++) {
    for (const disc of round < ROUNDS / 2 ? moved : []) {
      disc.x += (disc.at.x - disc.x) * HOMEWARD;
      disc.y += (disc.at.y - disc.y) * HOMEWARD;
    }
    for (const [i, a] of moved.entries()) for (const b of moved.slice(i + 1)) pushApart(a, b);
    for (const disc of moved) {
      disc.x = Math.min(Math.max(disc.x, disc.r + 1), frame.width - disc.r - 1);
      disc.y = Math.min(Math.max(disc.y, disc.r + 1), frame.height - disc.r - 1);
    }
  }
  return moved;
}
