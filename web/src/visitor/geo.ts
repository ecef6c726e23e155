// Where things are, seen from the visitor: WGS 84 through earth-centred coordinates, the way the server does it. Pure; no
// position leaves the phone for any of this, and it works without a network.

export interface LatLon {
  lat: number;
  lon: number;
}

/** A direction and a distance from the visitor, metres. */
export interface Enu {
  east: number;
  north: number;
  up: number;
}

export type Zone =
  | { kind: "circle"; radius_m: number }
  | { kind: "polygon"; coordinates: number[][][]; radius_m: number };

const SEMI_MAJOR_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING);
const RAD = Math.PI / 180;

type Vector = [number, number, number];

/** Earth-centred, earth-fixed metres of a point on the ellipsoid. */
export function ecef({ lat, lon }: LatLon): Vector {
  const sin = Math.sin(lat * RAD);
  const cos = Math.cos(lat * RAD);
  const radius = SEMI_MAJOR_M / Math.sqrt(1 - ECCENTRICITY_2 * sin * sin);
  return [
    radius * cos * Math.cos(lon * RAD),
    radius * cos * Math.sin(lon * RAD),
    radius * (1 - ECCENTRICITY_2) * sin,
  ];
}

/** The offset of `there` in the east-north-up frame of `here`. */
export function enu(here: LatLon, there: LatLon): Enu {
  const [x0, y0, z0] = ecef(here);
  const [x1, y1, z1] = ecef(there);
  const [dx, dy, dz] = [x1 - x0, y1 - y0, z1 - z0];
  const [sinLat, cosLat] = [Math.sin(here.lat * RAD), Math.cos(here.lat * RAD)];
  const [sinLon, cosLon] = [Math.sin(here.lon * RAD), Math.cos(here.lon * RAD)];
  return {
    east: -sinLon * dx + cosLon * dy,
    north: -sinLat * cosLon * dx - sinLat * sinLon * dy + cosLat * dz,
    up: cosLat * cosLon * dx + cosLat * sinLon * dy + sinLat * dz,
  };
}

/** The chord; it differs from the way over the ground by 0.13 m at 50 km. */
export function distanceM(a: LatLon, b: LatLon): number {
  const [p, q] = [ecef(a), ecef(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

/** Clockwise from north, 0 to 360 degrees. */
export function bearingDeg({ east, north }: Enu): number {
  return (Math.atan2(east, north) / RAD + 360) % 360;
}

/** From a fix to the edge of a zone, metres; 0 or less inside. */
export function zoneDistanceM(zone: Zone, centre: LatLon, fix: LatLon): number {
  if (zone.kind === "circle") return distanceM(centre, fix) - zone.radius_m;
  const rings = zone.coordinates.map((ring) =>
    ring.map(([lon, lat]) => {
      const offset = enu(fix, { lat, lon });
      return [offset.east, offset.north] as const;
    }),
  );
  const edge = Math.min(...rings.flatMap((ring) => ring.slice(1).map((b, i) => toSegment(ring[i], b))));
  // Even-odd over all rings, so that a hole is outside.
  const inside = rings.filter((ring) => holdsOrigin(ring)).length % 2 === 1;
  return inside ? -edge : edge;
}

type Flat = readonly [number, number];

function toSegment(a: Flat, b: Flat): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, -(a[0] * dx + a[1] * dy) / length2));
  return Math.hypot(a[0] + t * dx, a[1] + t * dy);
}

function holdsOrigin(ring: readonly Flat[]): boolean {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [a, b] = [ring[i - 1], ring[i]];
    if (a[1] > 0 !== b[1] > 0 && a[0] - (a[1] / (b[1] - a[1])) * (b[0] - a[0]) > 0) inside = !inside;
  }
  return inside;
}

/** A fix less exact than this counts as this exact; the server's rule. */
const ACCURACY_CAP_M = 100;

export type Presence = { state: "inside" | "uncertain" } | { state: "outside"; by_m: number };

/** What the server will say of a check-in made now, as far as the position goes. */
export function presence(zone: Zone, centre: LatLon, fix: LatLon & { accuracy_m: number }): Presence {
  const by_m = zoneDistanceM(zone, centre, fix);
  if (by_m <= 0) return { state: "inside" };
  return by_m <= Math.min(fix.accuracy_m, ACCURACY_CAP_M)
    ? { state: "uncertain" }
    : { state: "outside", by_m };
}
