// A bracket set: first drawn apart layer by layer, then put together and shaken. Schematic: sizes, sway and the two curves
// on the board are made to be seen; they show that friction in the joints takes up motion, not how much.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, lathe, prism, tube } from "../kit/solids.mjs";

const SECONDS = 18;
const [JOINING, JOINED, SHAKING, STILL] = [4, 7.5, 8.5, 16];
const APART_M = 0.34;
const TABLE_SWAY_M = 0.13;
const TABLE_M = 0.34;
/** Swings of the table a second. */
const RATE = 0.8;

/** A bearing block: square, its lower half drawn in. */
function block(size, height, tint, bevel) {
  const r = size / Math.SQRT2;
  const lower = lathe(
    [
      [0, 0],
      [r * 0.7, 0],
      [r * 0.82, height * 0.2],
      [r, height * 0.45],
      [0, height * 0.45],
    ],
    tint,
    4,
    Math.PI / 4,
  );
  return together(lower, box([size, height * 0.56, size], tint, bevel(0.015)).at(0, height * 0.44, 0));
}

/** An arm: flat above, its ends rounded up below like a bow. */
function arm(length, height, thick, tint, { round }) {
  const n = round(8);
  const curve = (s) =>
    each(n + 1, (i) => {
      const a = (i / n) * (Math.PI / 2);
      return [s * (length / 2 - height * 0.9 * (1 - Math.sin(a))), height * 0.6 * (1 - Math.cos(a))];
    });
  return prism(
    [...curve(-1).reverse(), ...curve(1), [length / 2, height], [-length / 2, height]],
    thick,
    tint,
  );
}

const BLUE = "#3f6f8f";
const GREEN = "#4d8568";

/** From below upwards: each layer's height in the assembled set, and its wood. */
function layers(detail) {
  const { bevel } = detail;
  const small = (places, y) => places.map(([x, z]) => block(0.2, 0.15, BLUE, bevel).at(x, y, z));
  const cross = (length, tint) => [
    arm(length, 0.2, 0.14, tint, detail),
    arm(length, 0.2, 0.14, tint, detail).turn("y", 90),
  ];
  const ends = (d) => [
    [d, 0],
    [-d, 0],
    [0, d],
    [0, -d],
  ];
  return [
    { name: "cap block", y: 0, shape: block(0.46, 0.3, BLUE, bevel) },
    { name: "first arms", y: 0.2, shape: together(cross(0.95, GREEN), small([...ends(0.38), [0, 0]], 0.2)) },
    { name: "second arms", y: 0.5, shape: together(cross(1.5, GREEN), small([...ends(0.65), [0, 0]], 0.2)) },
    {
      name: "third arms",
      y: 0.8,
      shape: together(
        arm(2.0, 0.2, 0.14, GREEN, detail),
        arm(1.5, 0.2, 0.14, GREEN, detail).turn("y", 90),
        small(
          [
            [0.9, 0],
            [-0.9, 0],
            [0, 0.65],
            [0, -0.65],
          ],
          0.2,
        ),
      ),
    },
    { name: "beams and purlins", y: 1.15, shape: top(detail) },
  ];
}

function top({ round, bevel }) {
  return together(
    [-0.65, 0, 0.65].map((z) => box([2.3, 0.2, 0.14], PAINT.red, bevel(0.02)).at(0, 0, z)),
    box([0.16, 0.2, 1.9], PAINT.red, bevel(0.02)).at(0, 0.1, 0),
    [-0.65, 0.65].map((z) => cylinder(0.1, 2.3, PAINT.wood, round(14)).turn("z", 90).at(1.15, 0.3, z)),
    each(9, (i) => box([0.07, 0.07, 1.9], PAINT.palewood, bevel(0.01)).at((i - 4) * 0.26, 0.39, 0)),
  );
}

/** Sway at a moment: it swells and dies away; `lag` in seconds, `share` of the table's sway. */
function sway(t, share, lag) {
  const s = (t - SHAKING) / (STILL - SHAKING);
  if (s <= 0 || s >= 1) return 0;
  return (
    TABLE_SWAY_M * share * Math.sin(Math.PI * s) ** 0.6 * Math.sin(2 * Math.PI * RATE * (t - SHAKING - lag))
  );
}

function moved(y, layer, share) {
  const lift = layer * APART_M;
  const keys = [
    [0, [0, y + lift, 0]],
    [JOINING, [0, y + lift, 0]],
    [JOINED, [0, y, 0]],
    [SHAKING, [0, y, 0]],
  ];
  const steps = 90;
  for (let i = 1; i <= steps; i++) {
    const t = SHAKING + (i / steps) * (STILL - SHAKING);
    keys.push([t, [sway(t, share, layer * 0.05), y, 0]]);
  }
  keys.push([STILL + 0.3, [0, y, 0]], [SECONDS, [0, y + lift, 0]]);
  return keys;
}

/** The board with both curves: the table's in red, the beams' in blue. */
function board({ round }) {
  const curve = (share, lag, tint) =>
    tube(
      each(round(80) + 1, (i) => {
        const t = SHAKING + (i / round(80)) * (STILL - SHAKING);
        return [-0.75 + (1.5 * i) / round(80), sway(t, share, lag) * 2.4, 0];
      }),
      0.014,
      tint,
      5,
    );
  return together(
    box([1.8, 1.1, 0.05], PAINT.paper).at(0, 0.5, 0),
    [-0.6, 0.6].map((x) => box([0.07, 0.55, 0.07], PAINT.darkwood).at(x, 0, 0)),
    box([1.6, 0.012, 0.01], PAINT.grey).at(0, 1.05, 0.03),
    curve(1, 0, PAINT.red).at(0, 1.05, 0.045),
    curve(0.3, 0.25, PAINT.blue).at(0, 1.05, 0.06),
  );
}

export default function make(detail) {
  const { bevel, round } = detail;
  const list = layers(detail);
  const base = together(
    box([1.7, 0.14, 1.7], PAINT.iron, bevel(0.03)),
    cylinder(0.24, 0.2, PAINT.red, round(24)).at(0, 0.14, 0),
  );
  const rails = together(
    box([2.4, 0.08, 1.9], PAINT.stone, bevel(0.02)),
    each(6, (i) =>
      cylinder(0.04, 1.7, PAINT.grey, round(10))
        .turn("x", 90)
        .at((i - 2.5) * 0.28, 0.12, -0.85),
    ),
  );
  const table = part("shaking table", base).move("translation", moved(0.16, 0, 1));
  const set = list.map(({ name, y, shape }, i) =>
    part(name, shape).move("translation", moved(0.16 + TABLE_M + y, i, [0.95, 0.75, 0.6, 0.45, 0.3][i])),
  );
  return model({
    parts: [
      part("rails", rails),
      table,
      set,
      part("board with curves", board(detail)).at(2.15, 0, -0.3),
      new Part("pins").put(
        pins(
          [
            [
              [-1.05, 0.08, 0.8],
              "振动台：左右摇晃（红线）",
              "The table shakes from side to side (red curve)",
            ],
            [
              [1.75, 1.6, -0.3],
              "梁：晃得比台面小（蓝线）",
              "The beams sway less than the table (blue curve)",
            ],
          ],
          { stem: 0.3, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 0,
    view: { turn: 24, tilt: 14 },
  });
}
