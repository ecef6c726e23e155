// Map tiles below a route's own map. A tile is drawn between its corners, so it lies right although the map has a projection of its
// own. Whoever saves data gets none.
import { useEffect } from "preact/hooks";
import { creditOf, loadGround, type Tiles, tiles } from "../shared/ground";
import { geoAt, HEIGHT, type Point, toScreen, type View, WIDTH } from "./map-view";
import { savesData } from "./taking";

/** The circumference of the sphere of Web Mercator by the pixels of its one tile at level 0, metres. */
const M_PER_PIXEL_0 = 156_543.03392804097;

interface Tile extends Point {
  key: string;
  address: string;
  width: number;
  height: number;
}

export function Ground({ view }: { view: View }) {
  useEffect(() => {
    if (!savesData()) loadGround();
  }, []);
  const source = tiles.value;
  if (!source || savesData()) return null;
  return (
    <g class="map-ground">
      {tilesOf(view, source).map(({ key, address, x, y, width, height }) => (
        <image
          key={key}
          href={address}
          x={x}
          y={y}
          width={width}
          height={height}
          preserveAspectRatio="none"
        />
      ))}
    </g>
  );
}

export function GroundCredit() {
  return tiles.value && !savesData() ? <small class="credit">{creditOf(tiles.value)}</small> : null;
}

/** The tiles that cover the view, layer over layer. */
function tilesOf(view: View, { layers, zoom_max }: Tiles): Tile[] {
  const nearest = Math.log2((M_PER_PIXEL_0 * Math.cos((view.lat * Math.PI) / 180)) / view.scale);
  const z = Math.max(0, Math.min(zoom_max, Math.round(nearest)));
  const many = 2 ** z;
  const [first, last] = [geoAt(view, { x: 0, y: 0 }), geoAt(view, { x: WIDTH, y: HEIGHT })];
  const column = ({ lon }: { lon: number }) => Math.floor(((lon + 180) / 360) * many);
  const row = ({ lat }: { lat: number }) => {
    const north = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
    return Math.max(0, Math.min(many - 1, Math.floor(((1 - north) / 2) * many)));
  };
  const found: Tile[] = [];
  for (const layer of layers) {
    for (let y = row(first); y <= row(last); y++) {
      for (let x = column(first); x <= column(last); x++) {
        const [from, to] = [toScreen(view, corner(x, y, many)), toScreen(view, corner(x + 1, y + 1, many))];
        const places: Record<string, number> = { "{z}": z, "{x}": (x + many) % many, "{y}": y };
        const address = layer.replace(/\{[zxy]\}/g, (place) => String(places[place]));
        found.push({ key: `${address} ${x}`, address, ...from, width: to.x - from.x, height: to.y - from.y });
      }
    }
  }
  return found;
}

/** The north-western corner of a tile. */
function corner(x: number, y: number, many: number) {
  const north = Math.PI * (1 - (2 * y) / many);
  return { lat: (Math.atan(Math.sinh(north)) * 180) / Math.PI, lon: (x / many) * 360 - 180 };
}
