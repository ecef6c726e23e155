// The map. MapLibre draws the route's own data; the buttons over it are the page's, so that they speak both languages and are large
// enough for fingers.
import { effect, useSignal } from "@preact/signals";
import { type GeoJSONSource, Map as MapLibre, ScaleControl, setWorkerUrl } from "maplibre-gl";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { useEffect, useRef } from "preact/hooks";
import { creditOf, loadGround, tiles } from "../../shared/ground";
import { lang, say } from "../../shared/i18n";
import type { LonLat } from "../model";
import { outcomes, overview } from "../overlay";
import { chosen, content, formPart, selected } from "../store";
import { Drawing } from "./drawing";
import { ExhibitMarkers } from "./exhibits";
import { Ghosts } from "./ghosts";
import { showGround } from "./ground";
import { StopMarkers } from "./markers";
import { type Box, graticule, way, zones } from "./shapes";
import { style } from "./style";
import { Tools } from "./Tools";
import { add, tool } from "./tool";
import { CLOSE_ZOOM, everything, ROOM, reveal, revealExhibits, showAll } from "./view";

setWorkerUrl(worker);

/** Where a new, empty route opens: Jining. */
const HOME: LonLat = [116.587, 35.415];
const HOME_ZOOM = 8;

export function MapView() {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const step = useSignal(1);
  useEffect(() => {
    loadGround();
    if (!box.current) return;
    const made = make(box.current, step);
    map.current = made.map;
    return made.end;
  }, []);
  return (
    <section class="map" data-drawing={tool.value ?? undefined} aria-label={say("地图", "Map")}>
      <div class="canvas" ref={box} />
      <Tools map={map} />
      <p class="net soft">
        {tiles.value && <span>{creditOf(tiles.value)} · </span>}
        <span aria-hidden="true">{say(`经纬网 ${step.value}°`, `Grid ${step.value}°`)}</span>
      </p>
    </section>
  );
}

function make(container: HTMLElement, step: { value: number }) {
  const bounds = everything();
  const map = new MapLibre({
    container,
    style: style(),
    attributionControl: false,
    pitchWithRotate: false,
    dragRotate: false,
    center: HOME,
    zoom: HOME_ZOOM,
    fadeDuration: 0,
    ...(bounds && { bounds, fitBoundsOptions: { padding: ROOM, maxZoom: CLOSE_ZOOM } }),
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  const ends: (() => void)[] = [];
  map.on("load", () => ends.push(...follow(map, step)));
  map.on("click", ({ lngLat }) => {
    if (tool.value === "add") add([lngLat.lng, lngLat.lat]);
  });
  const end = () => {
    for (const one of ends) one();
    tool.value = null;
    map.remove();
  };
  return { map, end };
}

/** Keeps what is drawn in step with the state; gives what ends that. */
function follow(map: MapLibre, step: { value: number }): (() => void)[] {
  const draw = (source: string, data: GeoJSON.FeatureCollection) =>
    (map.getSource(source) as GeoJSONSource | undefined)?.setData(data);
  const net = () => {
    const { lines, stepDeg } = graticule(map.getBounds().toArray().flat() as Box);
    step.value = stepDeg;
    draw("graticule", lines);
  };
  map.on("moveend", net);
  net();
  const [stops, exhibits, pairs] = [new StopMarkers(map), new ExhibitMarkers(map), new Ghosts(map)];
  const ground = new Last();
  const drawing = new Drawing(map, (done) => {
    if (done === "new-polygon") tool.value = "polygon";
    if (done === "new-line") tool.value = "line";
  });
  return [
    effect(() => {
      const now = content.value;
      if (!now) return;
      const shape = tool.value === "add" ? null : tool.value;
      const isLine = shape === "line" || shape === "new-line";
      const places = now.waypoints.flatMap((one) => [one.position, one.zone]);
      if (ground.differs([selected.value, shape, now.line, ...places])) {
        draw("zones", zones(now, selected.value, shape && !isLine ? selected.value : null));
        draw("way", way(now, isLine));
      }
      stops.show(now.waypoints, selected.value, outcomes.value);
      exhibits.show(chosen.value ?? null);
      drawing.use(shape, chosen.value ?? null, now);
    }),
    effect(() => {
      if (tiles.value) showGround(map, tiles.value);
    }),
    effect(() => pairs.show(draw)),
    effect(() =>
      map.getCanvas().setAttribute("aria-label", lang.value === "en" ? "Map of the route" : "路线地图"),
    ),
    effect(() => {
      const isDrawn = ["circle", "polygon", "new-polygon"].includes(tool.value ?? "");
      if (selected.value) reveal(map, selected.value, isDrawn);
    }),
    effect(() => {
      if (selected.value && formPart.value === "exhibits") revealExhibits(map, selected.value);
    }),
    effect(() => {
      if (overview.value > 0) showAll(map);
    }),
    () => drawing.end(),
  ];
}

/** Remembers what something was made of, so that a text that is typed does not draw a thousand zones anew. */
class Last {
  private parts: unknown[] = [];

  differs(parts: unknown[]): boolean {
    const same = parts.length === this.parts.length && parts.every((one, i) => one === this.parts[i]);
    this.parts = parts;
    return !same;
  }
}
