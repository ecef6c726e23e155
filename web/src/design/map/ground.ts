// Map tiles below everything that is drawn, where the operator has chosen a source.
import type { Map as MapLibre } from "maplibre-gl";
import type { Tiles } from "../../shared/ground";

const TILE_PIXELS = 256;
/** The layer that tiles lie below. */
const ABOVE = "graticule";

export function showGround(map: MapLibre, { layers, zoom_max }: Tiles) {
  layers.forEach((layer, i) => {
    const id = `tiles-${i}`;
    if (map.getSource(id)) return;
    // What asks for them knows no page's address.
    const address = layer.startsWith("/") ? `${location.origin}${layer}` : layer;
    map.addSource(id, { type: "raster", tiles: [address], tileSize: TILE_PIXELS, maxzoom: zoom_max });
    map.addLayer({ id, type: "raster", source: id, paint: { "raster-opacity": 0.75 } }, ABOVE);
  });
}
