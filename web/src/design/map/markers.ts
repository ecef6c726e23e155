// The stops as buttons on the map: they are reached by Tab, moved by dragging or by the arrow keys, and say their number and name.
import { type Map as MapLibre, Marker } from "maplibre-gl";
import { lang, say } from "../../shared/i18n";
import { changeWaypoint, degrees, type Waypoint } from "../model";
import { content, edit, endStep, formPart, frozen, selected } from "../store";
import { stopTitle } from "../words/fields";
import { shifted } from "./shapes";

/** Nearer than this, two stops cannot both be hit by a finger; zooming in parts them. */
const CROWDED_PX = 30;
/** The same where pins also say what a rehearsal came to. */
const CROWDED_TOLD_PX = 64;
const STEP_M = 1;
const STEP_FAR_M = 10;
const ARROWS: Record<string, [east: number, north: number]> = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

export class StopMarkers {
  private readonly markers = new Map<string, Marker>();

  private chosen: string | null = null;
  /** What each marker shows, so that a keystroke in one stop costs nothing at a thousand others. */
  private readonly shown = new Map<string, unknown[]>();

  constructor(private readonly map: MapLibre) {
    map.on("moveend", () => this.part());
  }

  /** Shows these stops, each with what a rehearsal says of it. */
  show(stops: readonly Waypoint[], chosen: string | null, outcome: Map<string, string>) {
    this.chosen = chosen;
    const there = new Set(stops.map((stop) => stop.id));
    for (const [id, marker] of this.markers) {
      if (there.has(id)) continue;
      marker.remove();
      this.markers.delete(id);
      this.shown.delete(id);
    }
    let changed = false;
    stops.forEach((stop, at) => {
      const now = [
        stop,
        at,
        stop.id === chosen,
        outcome.get(stop.id) ?? "",
        lang.value,
        frozen.value,
      ] as const;
      if (now.every((value, i) => this.shown.get(stop.id)?.[i] === value)) return;
      this.shown.set(stop.id, [...now]);
      changed = true;
      const marker = this.markers.get(stop.id) ?? this.make(stop);
      marker.setLngLat([stop.position.lon, stop.position.lat]);
      marker.setDraggable(!frozen.value);
      dress(marker.getElement(), stop, at + 1, now[2], now[3]);
    });
    if (changed) this.part();
  }

  /** Where stops lie upon each other, one stays a button and the others become dots; all of them are in the list. */
  private part() {
    const first = this.markers.get(this.chosen ?? "");
    const all = [...(first ? [first] : []), ...this.markers.values()];
    const places = all.map((marker) => this.map.project(marker.getLngLat()));
    const kept: typeof places = [];
    const seen = new Set<Marker>();
    all.forEach((marker, i) => {
      if (seen.has(marker)) return;
      seen.add(marker);
      const room = marker.getElement().classList.contains("told") ? CROWDED_TOLD_PX : CROWDED_PX;
      const crowded = kept.some((other) => other.dist(places[i]) < room);
      if (!crowded) kept.push(places[i]);
      const element = marker.getElement();
      element.classList.toggle("crowded", crowded);
      element.tabIndex = crowded ? -1 : 0;
      element.setAttribute("aria-hidden", String(crowded));
    });
  }

  private make(stop: Waypoint): Marker {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "pin";
    const marker = new Marker({ element, draggable: true }).setLngLat([stop.position.lon, stop.position.lat]);
    marker.addTo(this.map);
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      selected.value = stop.id;
    });
    element.addEventListener("keydown", (event) => nudge(event, stop.id));
    marker.on("dragend", () => {
      const { lng, lat } = marker.getLngLat();
      selected.value = stop.id;
      place(stop.id, lng, lat, null);
    });
    this.markers.set(stop.id, marker);
    return marker;
  }
}

function dress(element: HTMLElement, stop: Waypoint, number: number, chosen: boolean, outcome: string) {
  const title = stopTitle(stop).slice(0, 80);
  element.textContent = outcome ? `${number} · ${outcome}` : String(number);
  element.title = title;
  element.setAttribute(
    "aria-label",
    `${say(`第 ${number} 站`, `Stop ${number}`)} ${title} ${outcome}`.trim(),
  );
  element.setAttribute("aria-pressed", String(chosen));
  element.classList.toggle("chosen", chosen);
  element.classList.toggle("told", outcome !== "");
}

/** Moves a stop, and with it the exhibits that stand at it; a drawn zone stays where it was drawn. */
export function place(id: string, lon: number, lat: number, key: string | null) {
  edit((now) => {
    const stop = now.waypoints.find((one) => one.id === id);
    if (!stop) return now;
    const [east, north] = [lon - stop.position.lon, lat - stop.position.lat];
    const exhibits = stop.exhibits?.map((one) => {
      const { lat: y, lon: x, h } = one.geopose.position;
      const position = { lat: degrees(y + north), lon: degrees(x + east), h };
      return { ...one, geopose: { ...one.geopose, position } };
    });
    const position = { ...stop.position, lon: degrees(lon), lat: degrees(lat) };
    return changeWaypoint(now, id, { position, ...(exhibits && { exhibits }) });
  }, key);
}

function nudge(event: KeyboardEvent, id: string) {
  const arrow = ARROWS[event.key];
  if (!arrow || event.altKey || event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") formPart.value = "texts";
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const stop = content.value?.waypoints.find((one) => one.id === id);
  if (!stop) return;
  if (selected.value !== id) endStep();
  selected.value = id;
  const by = event.shiftKey ? STEP_FAR_M : STEP_M;
  const at = shifted(stop.position, arrow[0] * by, arrow[1] * by);
  place(id, at.lon, at.lat, `position/${id}`);
}
