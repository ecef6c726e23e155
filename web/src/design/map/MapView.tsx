// The map. MapLibre draws the route's own data; the buttons over it are the page's, so that they speak both languages and are large
// enough for fingers.
import { effect, signal, useComputed, useSignal } from "@preact/signals";
import { type GeoJSONSource, Map as MapLibre, Marker, ScaleControl, setWorkerUrl } from "maplibre-gl";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { useEffect, useRef } from "preact/hooks";
import { lang, say } from "../../shared/i18n";
import { type LonLat, newWaypoint } from "../model";
import { ghostShown, ghosts, outcomes, overview } from "../overlay";
import { announced, chosen, content, edit, formPart, frozen, selected } from "../store";
import { Drawing, type Tool } from "./drawing";
import { ExhibitMarkers } from "./exhibits";
import { StopMarkers } from "./markers";
import { type Box, boxOf, circle, graticule, NOTHING, rings, way, zones } from "./shapes";
import { style } from "./style";

setWorkerUrl(worker);

/** Where a new, empty route opens: Jining. */
const HOME: LonLat = [116.587, 35.415];
const HOME_ZOOM = 8;
const CLOSE_ZOOM = 16;
/** Room for the buttons over the map. */
const ROOM = { top: 130, right: 90, bottom: 60, left: 60 };
/** So much ground is seen round a stop whose exhibits are placed, metres. */
const AROUND_M = 25;

/** What the next click does. */
export const tool = signal<Tool | "add" | null>(null);

export function MapView() {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const step = useSignal(1);
  useEffect(() => {
    if (!box.current) return;
    const made = make(box.current, step);
    map.current = made.map;
    return made.end;
  }, []);
  return (
    <section class="map" data-drawing={tool.value ?? undefined} aria-label={say("地图", "Map")}>
      <div class="canvas" ref={box} />
      <Tools map={map} />
      <p class="net soft" aria-hidden="true">
        {say(`经纬网 ${step.value}°`, `Grid ${step.value}°`)}
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

/** Brings a stop into view when it is not, and into the middle when its zone is to be drawn. */
function reveal(map: MapLibre, id: string, middle: boolean) {
  const stop = content.peek()?.waypoints.find((one) => one.id === id);
  if (!stop) return;
  const at: LonLat = [stop.position.lon, stop.position.lat];
  if (middle || !map.getBounds().contains(at) || map.getZoom() < CLOSE_ZOOM - 3) {
    const box = boxOf([at, ...rings(stop).flat()]);
    if (box) map.fitBounds(box, { padding: ROOM, maxZoom: CLOSE_ZOOM, animate: !calm() });
  }
}

/** Comes near enough to place what stands at a stop. */
function revealExhibits(map: MapLibre, id: string) {
  const stop = content.peek()?.waypoints.find((one) => one.id === id);
  if (!stop) return;
  const places =
    stop.exhibits?.map(({ geopose: { position } }): LonLat => [position.lon, position.lat]) ?? [];
  const box = boxOf([...circle(stop.position, AROUND_M), ...places]);
  if (box) map.fitBounds(box, { padding: 40, animate: !calm() });
}

function calm(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function everything(): Box | null {
  const now = content.peek();
  return (
    now &&
    boxOf([...now.line, ...now.waypoints.flatMap((one) => [[one.position.lon, one.position.lat] as LonLat])])
  );
}

function showAll(map: MapLibre) {
  const box = everything();
  if (box) map.fitBounds(box, { padding: ROOM, maxZoom: CLOSE_ZOOM, animate: !calm() });
}

function add([lon, lat]: LonLat) {
  edit((now) => {
    const stop = newWaypoint(now, lon, lat);
    selected.value = stop.id;
    return { ...now, waypoints: [...now.waypoints, stop] };
  });
  tool.value = null;
  announced.value = say("已添加站点，可以填写内容", "A stop is added; its texts can be written");
}

function Tools({ map }: { map: { current: MapLibre | null } }) {
  const stop = useComputed(() => chosen.value ?? null).value;
  const locked = frozen.value;
  const centre = () => {
    const at = map.current?.getCenter();
    if (at) add([at.lng, at.lat]);
  };
  return (
    <>
      <div class="tools left" role="toolbar" aria-label={say("在地图上画", "Drawing on the map")}>
        <ToolButton of="add" words={say("添加站点", "Add a stop")} locked={locked} />
        {tool.value === "add" && (
          <button type="button" onClick={centre}>
            {say("放在地图中央", "Put it in the middle")}
          </button>
        )}
        {stop && (
          <ToolButton
            of="circle"
            words={say("调整圆形范围", "Resize circle")}
            locked={locked || stop.zone?.kind === "polygon"}
          />
        )}
        {stop && (
          <ToolButton
            of={stop.zone?.kind === "polygon" ? "polygon" : "new-polygon"}
            words={
              stop.zone?.kind === "polygon"
                ? say("修改多边形", "Change polygon")
                : say("画多边形范围", "Draw polygon")
            }
            locked={locked}
          />
        )}
        <ToolButton
          of={(content.value?.line.length ?? 0) > 1 ? "line" : "new-line"}
          words={
            (content.value?.line.length ?? 0) > 1
              ? say("修改走向", "Change the line")
              : say("画路线走向", "Draw the line")
          }
          locked={locked}
        />
        {tool.value && <p class="hint">{hint(tool.value)}</p>}
      </div>
      <div class="tools right" role="toolbar" aria-label={say("看地图", "Looking at the map")}>
        <button type="button" onClick={() => map.current?.zoomIn({ animate: !calm() })}>
          <span aria-hidden="true">＋</span>
          <span class="hidden-but-read">{say("放大", "Closer")}</span>
        </button>
        <button type="button" onClick={() => map.current?.zoomOut({ animate: !calm() })}>
          <span aria-hidden="true">－</span>
          <span class="hidden-but-read">{say("缩小", "Farther")}</span>
        </button>
        <button type="button" onClick={() => map.current && showAll(map.current)}>
          {say("全图", "All")}
        </button>
      </div>
    </>
  );
}

function ToolButton({ of, words, locked }: { of: Tool | "add"; words: string; locked: boolean }) {
  const on = tool.value === of;
  const turn = () => {
    tool.value = on ? null : of;
    if (!on && chosen.value && of !== "add") formPart.value = "zone";
  };
  return (
    <button type="button" aria-pressed={on} disabled={locked} onClick={turn}>
      {on ? say("完成", "Done") : words}
    </button>
  );
}

function hint(of: Tool | "add"): string {
  return {
    add: say("点一下地图上的位置。", "Click the place on the map."),
    circle: say(
      "拖动圆边上的点。也可以在“范围”里填半径。",
      "Drag a handle on the edge, or write the radius under “Zone”.",
    ),
    polygon: say(
      "拖动角点；拖动边上的中点可加点；右键点角点可删。",
      "Drag corners; drag a midpoint for a new one; right-click removes one.",
    ),
    line: say(
      "拖动线上的点；拖动中点可加点；右键点可删。",
      "Drag points; drag a midpoint for a new one; right-click removes one.",
    ),
    "new-polygon": say(
      "依次点各个角，最后点第一个角收口。",
      "Click the corners one by one, and the first again to close.",
    ),
    "new-line": say(
      "沿路依次点，最后一点再点一次结束。",
      "Click along the way, and the last point again to end.",
    ),
  }[of];
}

/** Places of a file as two ghosts each: as its numbers stand, and as they would be converted. */
class Ghosts {
  private markers: Marker[] = [];
  constructor(private readonly map: MapLibre) {}

  show(draw: (source: string, data: GeoJSON.FeatureCollection) => void) {
    for (const marker of this.markers) marker.remove();
    const pairs = ghosts.value;
    this.markers = pairs.flatMap((pair, at) => [
      this.put(pair.asWritten, `A${at + 1}`, `${say("照原数字", "As written")}: ${pair.title}`),
      this.put(pair.converted, `B${at + 1}`, `${say("换算以后", "Converted")}: ${pair.title}`),
    ]);
    const features = pairs.map(({ asWritten, converted }) => ({
      type: "Feature" as const,
      properties: {},
      geometry: { type: "LineString" as const, coordinates: [asWritten, converted] },
    }));
    draw("ghosts", features.length ? { type: "FeatureCollection", features } : NOTHING);
    const near = pairs[ghostShown.value];
    const box = near && boxOf([near.asWritten, near.converted]);
    if (box) this.map.fitBounds(box, { padding: ROOM, maxZoom: CLOSE_ZOOM, animate: !calm() });
  }

  private put(at: LonLat, text: string, title: string): Marker {
    const element = document.createElement("span");
    element.className = text.startsWith("A") ? "ghost as-written" : "ghost converted";
    element.textContent = text;
    element.title = title.slice(0, 100);
    return new Marker({ element }).setLngLat(at).addTo(this.map);
  }
}
