// Drawing on the map: a circle's radius, a polygon, the way. Terra Draw has the handles; what it ends with becomes an ordinary edit, so
// that there is one history and not two. What is drawn snaps to stops, to other zones' corners and to the way.
import type { Position as Coordinate, Feature } from "geojson";
import type { Map as MapLibre } from "maplibre-gl";
import {
  TerraDraw,
  TerraDrawCircleMode,
  TerraDrawLineStringMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import {
  type Content,
  changeWaypoint,
  degrees,
  type LonLat,
  type Waypoint,
  ZONE_NEW_M,
  type Zone,
} from "../model";
import { edit } from "../store";
import { circle, offsetM } from "./shapes";

/** `circle`, `polygon` and `line` change what is there; the others draw anew. */
export type Tool = "circle" | "polygon" | "line" | "new-polygon" | "new-line";

const CIRCLE_HANDLES = 16;
const SNAP_PX = 14;
const RADIUS_MAX_M = 100_000;

export class Drawing {
  private readonly draw: TerraDraw;
  private tool: Tool | null = null;
  private stop: Waypoint | null = null;
  private content: Content | null = null;

  constructor(
    private readonly map: MapLibre,
    private readonly onDrawn: (tool: Tool) => void,
  ) {
    const snapping = { toCustom: (event: { lng: number; lat: number }) => this.snap(event) };
    const coordinates = { draggable: true, midpoints: true, deletable: true, snappable: snapping };
    this.draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map }),
      modes: [
        new TerraDrawPolygonMode({ snapping }),
        new TerraDrawLineStringMode({ snapping }),
        new TerraDrawSelectMode({
          allowManualDeselection: false,
          keyEvents: null,
          flags: {
            polygon: { feature: { draggable: true, coordinates } },
            linestring: { feature: { draggable: false, coordinates } },
            circle: { feature: { draggable: false, coordinates: { resizable: "center-fixed" } } },
          },
        }),
        // Circles are resized in select mode and never drawn anew: the stop is their centre.
        new TerraDrawCircleMode(),
      ],
    });
    this.draw.start();
    this.draw.on("finish", (id) => this.finish(id));
  }

  /** Takes up a tool for a stop, with what is there already. The same again after a change shows the changed shape. */
  use(tool: Tool | null, stop: Waypoint | null, content: Content) {
    if (tool === null && this.tool === null) return;
    this.tool = tool;
    this.stop = stop;
    this.content = content;
    this.draw.clear();
    if (tool === "new-polygon") this.draw.setMode("polygon");
    else if (tool === "new-line") this.draw.setMode("linestring");
    else {
      this.draw.setMode("select");
      const feature = tool && shapeOf(tool, stop, content);
      if (!feature) return;
      const id = this.draw.getFeatureId();
      const [added] = this.draw.addFeatures([{ ...feature, id } as never]);
      if (added.valid) this.draw.selectFeature(id);
    }
  }

  end() {
    this.draw.stop();
  }

  private finish(id: string | number) {
    const geometry = this.draw.getSnapshotFeature(id)?.geometry;
    const { tool, stop } = this;
    // The edit draws everything anew, which Terra Draw does not expect while it tells of the end.
    if (geometry && tool) setTimeout(() => this.take(geometry, tool, stop));
  }

  private take(geometry: { type: string; coordinates: unknown }, tool: Tool, stop: Waypoint | null) {
    if (geometry.type === "LineString") {
      const line = (geometry.coordinates as Coordinate[]).map(rounded);
      edit((now) => ({ ...now, line }));
    } else if (geometry.type === "Polygon" && stop) {
      const outline = geometry.coordinates as Coordinate[][];
      const survey = stop.zone?.to_be_surveyed ? { to_be_surveyed: true } : {};
      const zone: Zone =
        tool === "circle"
          ? { kind: "circle", radius_m: radiusOf(stop, outline[0]), ...survey }
          : { kind: "polygon", coordinates: outline.map((ring) => ring.map(rounded)), ...survey };
      edit((now) => changeWaypoint(now, stop.id, { zone }));
    }
    this.onDrawn(tool);
  }

  /** The nearest thing worth meeting exactly, within a finger's breadth. */
  private snap({ lng, lat }: { lng: number; lat: number }): Coordinate | undefined {
    const at = this.map.project([lng, lat]);
    let [best, bestPx]: [LonLat | undefined, number] = [undefined, SNAP_PX];
    for (const corner of corners(this.content, this.stop)) {
      const px = at.dist(this.map.project(corner));
      if (px < bestPx) [best, bestPx] = [corner, px];
    }
    return best;
  }
}

function shapeOf(tool: Tool, stop: Waypoint | null, content: Content): Feature | null {
  if (tool === "line") {
    const coordinates = content.line;
    if (coordinates.length < 2) return null;
    return {
      type: "Feature",
      properties: { mode: "linestring" },
      geometry: { type: "LineString", coordinates },
    };
  }
  if (!stop) return null;
  const zone = stop.zone;
  const isCircle = tool === "circle";
  const radiusM = zone?.kind === "circle" && zone.radius_m > 0 ? zone.radius_m : ZONE_NEW_M;
  const coordinates = isCircle
    ? [circle(stop.position, radiusM, CIRCLE_HANDLES)]
    : zone?.kind === "polygon"
      ? zone.coordinates
      : [];
  if (coordinates.length === 0) return null;
  // Terra Draw takes coordinates of at most nine decimals.
  const fine = coordinates.map((ring) => ring.map(rounded));
  const properties = { mode: isCircle ? "circle" : "polygon" };
  return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: fine } };
}

function radiusOf(stop: Waypoint, ring: Coordinate[]): number {
  const reaches = ring.slice(0, -1).map(([lon, lat]) => {
    const { east, north } = offsetM(stop.position, { lon, lat });
    return Math.hypot(east, north);
  });
  const mean = reaches.reduce((sum, one) => sum + one, 0) / reaches.length;
  return Math.min(RADIUS_MAX_M, Math.max(1, Math.round(mean)));
}

function rounded(coordinate: Coordinate): LonLat {
  return [degrees(coordinate[0]), degrees(coordinate[1])];
}

function* corners(content: Content | null, stop: Waypoint | null): Generator<LonLat> {
  for (const one of content?.waypoints ?? []) {
    yield [one.position.lon, one.position.lat];
    if (one.id !== stop?.id && one.zone?.kind === "polygon") yield* one.zone.coordinates.flat();
  }
  if (stop) yield* content?.line ?? [];
}
