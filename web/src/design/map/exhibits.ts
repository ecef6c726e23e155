// The exhibits of the chosen stop on the ground: dragged to their place, with an arrow that shows how far they are turned.
import { type Map as MapLibre, Marker } from "maplibre-gl";
import { say, shown } from "../../shared/i18n";
import { turnOf } from "../form/pose";
import { changeWaypoint, degrees, type Exhibit, type Waypoint } from "../model";
import { edit, formPart, frozen } from "../store";

export class ExhibitMarkers {
  private markers: Marker[] = [];

  constructor(private readonly map: MapLibre) {}

  show(stop: Waypoint | null) {
    for (const marker of this.markers) marker.remove();
    this.markers =
      formPart.value === "exhibits" && stop ? (stop.exhibits ?? []).map((one) => this.put(stop, one)) : [];
  }

  private put(stop: Waypoint, exhibit: Exhibit): Marker {
    const element = document.createElement("div");
    element.className = "exhibit-pin";
    element.title = `${say("展品", "Exhibit")}: ${shown(exhibit.title).slice(0, 80)}`;
    element.textContent = "▲";
    const { lon, lat } = exhibit.geopose.position;
    const marker = new Marker({
      element,
      draggable: !frozen.value,
      rotation: turnOf(exhibit.geopose.quaternion),
      rotationAlignment: "map",
    })
      .setLngLat([lon, lat])
      .addTo(this.map);
    marker.on("dragend", () => {
      const at = marker.getLngLat();
      edit((now) =>
        moved(
          now.waypoints.find((one) => one.id === stop.id),
          exhibit.id,
          at,
          now,
        ),
      );
    });
    return marker;
  }
}

function moved<C extends Parameters<typeof changeWaypoint>[0]>(
  stop: Waypoint | undefined,
  id: string,
  at: { lng: number; lat: number },
  now: C,
) {
  if (!stop) return now;
  const exhibits = stop.exhibits?.map((one) => {
    if (one.id !== id) return one;
    const position = { ...one.geopose.position, lon: degrees(at.lng), lat: degrees(at.lat) };
    return { ...one, geopose: { ...one.geopose, position } };
  });
  return changeWaypoint(now, stop.id, { exhibits });
}
