// The same jet against three banks: a flat wall scatters it, a curved one turns it, a fish-mouth splits it. Schematic: the
// water is a row of balls whose ways are drawn, not computed.
import { each, model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, pool, prism } from "../kit/solids.mjs";

const SECONDS = 6;
const BAY_M = 1.3;
const LONG_M = 2.2;
const WALL_M = 0.34;
const SURFACE_M = 0.2;

/** Stone courses that follow a plan outline [x, z]. */
function courses(outline) {
  const rows = 3;
  return together(
    each(rows, (row) => {
      const block = prism(
        outline.map(([x, z]) => [x, -z]),
        WALL_M / rows - 0.008,
        row % 2 ? PAINT.stone : PAINT.palestone,
      );
      return block.turn("x", -90).at(0, (row + 0.5) * (WALL_M / rows) + 0.06, 0);
    }),
  );
}

const arc = (cx, cz, r, from, to, n) =>
  each(n + 1, (i) => {
    const a = ((from + ((to - from) * i) / n) * Math.PI) / 180;
    return [cx + r * Math.cos(a), cz + r * Math.sin(a)];
  });

/** Plans of the three banks; the jet comes from the south (+z) and the bank lies in the north. */
function plans({ round }) {
  const n = round(14);
  return {
    flat: [
      [-0.55, -0.62],
      [0.55, -0.62],
      [0.55, -0.9],
      [-0.55, -0.9],
    ],
    // A quarter circle: its inner side turns the water to the east.
    curved: [...arc(0.42, -0.1, 0.62, 180, 275, n), [0.47, -0.9], [-0.5, -0.9], [-0.5, -0.1]],
    fish: [
      [0, 0.05],
      ...arc(0.62, -0.02, 0.6, 172, 118, n).map(([x, z]) => [x, -z - 0.1]),
      [0.5, -0.9],
      [-0.5, -0.9],
      ...arc(0.62, -0.02, 0.6, 118, 172, n).map(([x, z]) => [-x, -z - 0.1]),
    ],
  };
}

/** Ways of the water: in from the south, and on from the bank. */
const WAYS = {
  flat: [-0.2, -0.1, 0, 0.1, 0.2].map((x, i) => {
    const back = [
      [-0.5, 0.05],
      [-0.42, 0.5],
      [0.12, 0.6],
      [0.4, 0.35],
      [0.52, -0.2],
    ][i];
    return [
      [x, 1.05],
      [x, 0.2],
      [x, -0.54],
      [x * 1.5 + back[0] * 0.3, -0.4],
      [x + back[0] * 0.75, -0.4 + (back[1] + 0.4) * 0.6],
      back,
    ];
  }),
  curved: [-0.14, -0.07, 0, 0.07, 0.14].map((x) => {
    const r = 0.56 - (x + 0.14);
    return [[x, 1.05], [x, 0.4], ...arc(0.42, -0.1, r, 180, 270, 8), [0.62, -0.1 - r]].map(([a, b], k) =>
      k < 2 ? [0.42 - r, b] : [a, b],
    );
  }),
  fish: [-0.14, -0.08, -0.03, 0.03, 0.08, 0.14].map((x) => {
    const s = Math.sign(x);
    return [
      [x, 1.05],
      [x, 0.3],
      [x + s * 0.04, 0.06],
      [x + s * 0.1, -0.18],
      [x + s * 0.22, -0.42],
      [x + s * 0.44, -0.56],
    ];
  }),
};

function bay(name, x, detail) {
  const skins = [{ shape: ball(0.036, PAINT.foam, detail.round(8)), material: "glow" }];
  const drops = WAYS[name].flatMap((way, i) =>
    stream({
      name: `${name} ball ${i + 1}`,
      skins,
      path: way.map(([a, b]) => [a, SURFACE_M + 0.03, b]),
      count: 7,
      seconds: SECONDS,
      laps: 2,
      late: (i * 0.37) % 1,
    }),
  );
  const floor = together(
    box([BAY_M - 0.06, 0.06, LONG_M], PAINT.earth, detail.bevel(0.015)),
    [-1, 1].map((s) => box([0.05, 0.3, 0.75], PAINT.darkstone, detail.bevel(0.01)).at(s * 0.27, 0.06, 0.7)),
  );
  return new Part(`${name} bank`)
    .at(x, 0, 0)
    .put(
      part("floor", floor),
      part("stones", courses(plans(detail)[name])),
      part(
        "water",
        pool([BAY_M - 0.1, SURFACE_M - 0.06, LONG_M - 0.05], PAINT.water).at(0, 0.06, 0),
        "water",
      ),
      drops,
    );
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[-BAY_M, WALL_M + 0.06, -0.78], "平直的墙：水四处乱溅", "Flat wall: the water scatters"],
        [[-0.25, WALL_M + 0.06, -0.78], "弧形的墙：水顺着转弯", "Curved wall: the water is turned"],
        [[BAY_M, WALL_M + 0.06, -0.75], "鱼嘴：水被劈成两股", "Fish-mouth: the water is split in two"],
      ],
      { stem: 0.26, size: 0.14 },
    ),
  );

export default function make(detail) {
  return model({
    parts: [bay("flat", -BAY_M, detail), bay("curved", 0, detail), bay("fish", BAY_M, detail), labels()],
    seconds: SECONDS,
    still: 1.3,
    view: { turn: 20, tilt: 42 },
  });
}
