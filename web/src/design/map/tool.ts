// What the next click on the map does.
import { signal } from "@preact/signals";
import { say } from "../../shared/i18n";
import { type LonLat, newWaypoint } from "../model";
import { announced, edit, selected } from "../store";
import type { Tool } from "./drawing";

export const tool = signal<Tool | "add" | null>(null);

/** A new stop, which is then the chosen one. */
export function add([lon, lat]: LonLat) {
  edit((now) => {
    const stop = newWaypoint(now, lon, lat);
    selected.value = stop.id;
    return { ...now, waypoints: [...now.waypoints, stop] };
  });
  tool.value = null;
  announced.value = say("已添加站点，可以填写内容", "A stop is added; its texts can be written");
}
