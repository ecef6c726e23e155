// Places of a file as two ghosts each: as its numbers stand, and as they would be converted.
import { type Map as MapLibre, Marker } from "maplibre-gl";
import { say } from "../../shared/i18n";
import type { LonLat } from "../model";
import { ghostShown, ghosts } from "../overlay";
import { boxOf, NOTHING } from "./shapes";
import { look } from "./view";

export class Ghosts {
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
    if (near) look(this.map, boxOf([near.asWritten, near.converted]));
  }

  private put(at: LonLat, text: string, title: string): Marker {
    const element = document.createElement("span");
    element.className = text.startsWith("A") ? "ghost as-written" : "ghost converted";
    element.textContent = text;
    element.title = title.slice(0, 100);
    return new Marker({ element }).setLngLat(at).addTo(this.map);
  }
}
