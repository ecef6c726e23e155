// What maps show below the routes: nothing, or tiles from the source that the operator of this server has chosen, with the line
// that has to be written on the map for it.
import { signal } from "@preact/signals";
import { get, type Schemas } from "./api";
import { say } from "./i18n";

export type Tiles = Schemas["MapTiles"];

/** The source of tiles, once it is known that there is one. */
export const tiles = signal<Tiles | null>(null);
let asked = false;

/** Asks once. Without an answer a map stands on its own. */
export function loadGround() {
  if (asked) return;
  asked = true;
  get<Schemas["MapGround"]>("/v1/map").then(
    (ground) => {
      tiles.value = ground.tiles ?? null;
    },
    () => {
      asked = false;
    },
  );
}

/** Whose the map is and by which approval it is shown. */
export function creditOf({ credit, approval_number }: Tiles): string {
  if (!approval_number) return credit;
  return `${credit} · ${say("审图号：", "Map approval number ")}${approval_number}`;
}

/** The hosts that are asked for tiles, but this one. */
export function hostsOf({ layers }: Tiles): string[] {
  const hosts = layers.map((layer) => new URL(layer, location.href).host);
  return [...new Set(hosts)].filter((host) => host !== location.host);
}
