// What the map draws, as GeoJSON made of the content: zones, the line, the net of meridians and parallels. Circles are drawn in metres on
// the ellipsoid's local scale, which is right to a millimetre at the size of a zone.
import type { Feature, FeatureCollection } from "geojson";
import type { Content, LonLat, Position, Waypoint, Zone } from "../model";

const CIRCLE_CORNERS = 180;
/** Semi-major axis and squared eccentricity of WGS 84. */
const A_M = 6_378_137;
const E2 = 0.006_694_379_990_14;

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Metres in a degree of longitude and of latitude at a latitude. */
export function degreeLengths(lat: number): { lon: number; lat: number } {
  const phi = (lat * Math.PI) / 180;
  const w = 1 - E2 * Math.sin(phi) ** 2;
  const degree = Math.PI / 180;
  return { lon: (degree * A_M * Math.cos(phi)) / Math.sqrt(w), lat: (degree * A_M * (1 - E2)) / w ** 1.5 };
}

export function shifted(from: Position, eastM: number, northM: number): { lon: number; lat: number } {
  const lengths = degreeLengths(from.lat);
  return { lon: from.lon + eastM / lengths.lon, lat: from.lat + northM / lengths.lat };
}

export function offsetM(from: Position, to: { lon: number; lat: number }): { east: number; north: number } {
  const lengths = degreeLengths(from.lat);
  return { east: (to.lon - from.lon) * lengths.lon, north: (to.lat - from.lat) * lengths.lat };
}

export function circle(centre: Position, radiusM: number, corners = CIRCLE_CORNERS): LonLat[] {
  const ring: LonLat[] = [];
  for (let i = 0; i < corners; i += 1) {
    const angle = (2 * Math.PI * i) / corners;
    const at = shifted(centre, radiusM * Math.sin(angle), radiusM * Math.cos(angle));
    ring.push([at.lon, at.lat]);
  }
  return [...ring, ring[0]];
}

export function rings(waypoint: Waypoint, zone: Zone | undefined = waypoint.zone): LonLat[][] {
  if (!zone) return [];
  if (zone.kind === "polygon") return zone.coordinates;
  return zone.radius_m > 0 ? [circle(waypoint.position, zone.radius_m)] : [];
}

/** Every zone, but that of the stop which is being drawn anew. */
export function zones(content: Content, selected: string | null, without: string | null): FeatureCollection {
  const features = content.waypoints
    .filter((one) => one.id !== without && one.zone)
    .map(
      (one): Feature => ({
        type: "Feature",
        properties: { chosen: one.id === selected, survey: one.zone?.to_be_surveyed === true },
        geometry: { type: "Polygon", coordinates: rings(one) },
      }),
    );
  return { type: "FeatureCollection", features };
}

/** The drawn line, or else straight from stop to stop. */
export function way(content: Content, hidden: boolean): FeatureCollection {
  const drawn = content.line.length > 1;
  const coordinates = drawn
    ? content.line
    : content.waypoints.map((one) => [one.position.lon, one.position.lat]);
  if (hidden || coordinates.length < 2) return NOTHING;
  const geometry = { type: "LineString" as const, coordinates };
  return { type: "FeatureCollection", features: [{ type: "Feature", properties: { drawn }, geometry }] };
}

export type Box = [west: number, south: number, east: number, north: number];

export function boxOf(points: LonLat[]): Box | null {
  if (points.length === 0) return null;
  const [lons, lats] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

const STEPS_DEG = [
  30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001,
];
const LINES_WANTED = 4;

/** Meridians and parallels through a box, some four each way, with the step between them. */
export function graticule([west, south, east, north]: Box): { lines: FeatureCollection; stepDeg: number } {
  const stepDeg =
    STEPS_DEG.find((step) => (east - west) / step >= LINES_WANTED) ?? STEPS_DEG[STEPS_DEG.length - 1];
  const features: Feature[] = [];
  const draw = (coordinates: LonLat[]) =>
    features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
  for (let lon = Math.ceil(west / stepDeg) * stepDeg; lon <= east; lon += stepDeg) {
    draw([
      [lon, south],
      [lon, north],
    ]);
  }
  for (let lat = Math.ceil(south / stepDeg) * stepDeg; lat <= north; lat += stepDeg) {
    draw([
      [west, lat],
      [east, lat],
    ]);
  }
  return { lines: { type: "FeatureCollection", features }, stepDeg };
}
