// Writes the models of the routes: `<exhibit>.glb`, `<exhibit>.reduced.glb` and `<exhibit>.png` in
// routes-data/<route>/models/. The same generators give the same bytes. `--sheet FOLDER` also draws each model from four
// sides for people to look at; names after the options limit the run to these exhibits.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { png } from "./kit/png.mjs";
import { count, draw } from "./kit/render.mjs";
import { glb } from "./kit/write.mjs";

const HERE = import.meta.dirname;
const ROUTES_DATA = join(HERE, "../../routes-data");
export const ROUTES = ["confucius-mencius", "peoples-canal"];
/** The share of the segments of a round thing that the reduced variant keeps; it is shaded flat besides. */
const REDUCED = 0.4;
const PICTURE_PX = 512;

/** Every generator: one file per exhibit. */
export function generators() {
  return ROUTES.flatMap((route) =>
    readdirSync(join(HERE, route))
      .filter((name) => name.endsWith(".mjs"))
      .sort()
      .map((name) => ({ route, exhibit: basename(name, ".mjs"), file: join(HERE, route, name) })),
  );
}

/** What a generator is given to save with: segment counts, and whether small things are made at all. */
function detail(share) {
  return {
    round: (segments) => Math.max(5, Math.round(segments * share)),
    bevel: (metres) => (share < 1 ? 0 : metres),
    few: (number) => Math.max(1, Math.round(number * share)),
    full: share === 1,
  };
}

export async function build({ exhibit, file }) {
  const { default: make } = await import(pathToFileURL(file));
  const [full, reduced] = [make(detail(1)), make(detail(REDUCED))];
  full.name = exhibit;
  reduced.name = exhibit;
  return {
    model: full,
    triangles: [count(full), count(reduced)],
    full: await glb(full),
    reduced: await glb(reduced, { flat: true }),
    picture: () => png(PICTURE_PX, PICTURE_PX, draw(full, { edge: PICTURE_PX })),
  };
}

/** From the front, the right, the back and the left, on grey. */
function sheet(model, folder, exhibit) {
  const edge = 400;
  const out = new Uint8Array(edge * edge * 16);
  [0, 90, 180, 270].forEach((more, n) => {
    const picture = draw(model, { edge, turn: model.view.turn + more });
    for (let i = 0; i < edge * edge; i++) {
      const [x, y] = [(i % edge) + (n & 1) * edge, Math.floor(i / edge) + (n >> 1) * edge];
      const alpha = picture[4 * i + 3] / 255;
      for (let k = 0; k < 3; k++) out[4 * (y * edge * 2 + x) + k] = 205 + (picture[4 * i + k] - 205) * alpha;
      out[4 * (y * edge * 2 + x) + 3] = 255;
    }
  });
  writeFileSync(join(folder, `${exhibit}.png`), png(edge * 2, edge * 2, out));
}

async function main(words) {
  const at = words.indexOf("--sheet");
  const sheets = at < 0 ? null : words.splice(at, 2)[1];
  if (sheets) mkdirSync(sheets, { recursive: true });
  for (const one of generators()) {
    if (words.length > 0 && !words.includes(one.exhibit)) continue;
    const made = await build(one);
    const folder = join(ROUTES_DATA, one.route, "models");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${one.exhibit}.glb`), made.full);
    writeFileSync(join(folder, `${one.exhibit}.reduced.glb`), made.reduced);
    writeFileSync(join(folder, `${one.exhibit}.png`), made.picture());
    if (sheets) sheet(made.model, sheets, one.exhibit);
    const kB = [made.full, made.reduced].map((bytes) => `${Math.ceil(bytes.length / 1000)} kB`);
    console.log(`${one.exhibit}: ${kB.join(" / ")}, ${made.triangles.join(" / ")} triangles`);
  }
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2));
