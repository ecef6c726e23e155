// The map's own style: a plain ground, the net of degrees, the zones and the way. Nothing of it is fetched; no border is drawn. The colours
// are those of the page.
import type { StyleSpecification } from "maplibre-gl";
import { NOTHING } from "./shapes";

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function style(): StyleSpecification {
  // A circle that is looked at closely keeps its corners.
  const source = { type: "geojson" as const, data: NOTHING, tolerance: 0 };
  return {
    version: 8,
    sources: { graticule: source, zones: source, way: source, ghosts: source },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": colour("--paper") } },
      {
        id: "graticule",
        type: "line",
        source: "graticule",
        paint: { "line-color": colour("--line"), "line-width": 1, "line-opacity": 0.7 },
      },
      {
        id: "zones",
        type: "fill",
        source: "zones",
        paint: {
          "fill-color": colour("--brand"),
          "fill-opacity": ["case", ["get", "chosen"], 0.28, 0.12],
        },
      },
      {
        id: "zone-edges",
        type: "line",
        source: "zones",
        paint: { "line-color": colour("--brand"), "line-width": ["case", ["get", "chosen"], 3, 1.5] },
      },
      {
        id: "way",
        type: "line",
        source: "way",
        filter: ["get", "drawn"],
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": colour("--soft"), "line-width": 3 },
      },
      {
        id: "legs",
        type: "line",
        source: "way",
        filter: ["!", ["get", "drawn"]],
        paint: { "line-color": colour("--soft"), "line-width": 2, "line-dasharray": [2, 2] },
      },
      {
        id: "ghosts",
        type: "line",
        source: "ghosts",
        paint: { "line-color": colour("--doubt"), "line-width": 2, "line-dasharray": [1, 1.5] },
      },
    ],
  };
}
