// Things that turn up on more than one stop: people, oxen, boats, trees, storeys of a tower. They are toys, not
// portraits; only their outline matters.
import { PAINT } from "./paint.mjs";
import { Shape, together } from "./shape.mjs";
import { ball, box, cylinder, lathe, prism, skin, tube } from "./solids.mjs";

/** A person as tall as said, looking south. */
export function person(height = 1.6, cloth = PAINT.cloth, { round }) {
  const body = lathe(
    [
      [0, 0.05],
      [0.17, 0.05],
      [0.13, 0.55],
      [0.17, 0.8],
      [0.1, 0.88],
      [0, 0.9],
    ],
    cloth,
    round(10),
  );
  const arms = [-1, 1].map((s) =>
    tube(
      [
        [s * 0.15, 0.8, 0],
        [s * 0.2, 0.62, 0.08],
        [s * 0.12, 0.52, 0.24],
      ],
      0.04,
      cloth,
      round(6),
    ),
  );
  const head = ball(0.09, PAINT.skin, round(10)).at(0, 0.98, 0);
  const hat = lathe(
    [
      [0, 1.0],
      [0.17, 1.0],
      [0, 1.12],
    ],
    PAINT.rope,
    round(10),
  );
  return together(body, arms, head, hat).stretch(height / 1.1);
}

/** An ox that looks to the east, 1.3 m at the shoulder. */
export function ox(tint = "#8a5a34", { round }) {
  const n = round(12);
  const legs = [
    [0.55, 0.2],
    [0.55, -0.2],
    [-0.5, 0.2],
    [-0.5, -0.2],
  ].map(([x, z]) => cylinder(0.09, 0.7, tint, round(6), 0.12).at(x, 0, z));
  const horns = [-1, 1].map((s) =>
    tube(
      [
        [1.08, 1.25, s * 0.1],
        [1.12, 1.36, s * 0.26],
        [1.2, 1.5, s * 0.24],
      ],
      0.04,
      PAINT.paper,
      round(6),
      0.01,
    ),
  );
  return together(
    ball(1, tint, n).stretch(0.82, 0.42, 0.36).at(0, 0.95, 0),
    ball(1, tint, n).stretch(0.3, 0.34, 0.26).at(0.55, 1.12, 0),
    ball(1, tint, n).stretch(0.28, 0.19, 0.16).at(1.1, 1.12, 0),
    ball(1, PAINT.skin, n).stretch(0.09, 0.11, 0.12).at(1.34, 1.07, 0),
    tube(
      [
        [-0.8, 1.05, 0],
        [-0.92, 0.8, 0],
        [-0.9, 0.45, 0],
      ],
      0.03,
      tint,
      5,
    ),
    legs,
    horns,
  );
}

/** A flat-bottomed wooden boat that points to the east; y = 0 is its keel. */
export function hull({ length, beam, depth, tint = PAINT.wood, deck = PAINT.palewood }, { round }) {
  const n = round(16);
  const rows = [];
  for (let i = n; i >= 0; i--) {
    const t = (2 * i) / n - 1;
    const [x, e] = [(t * length) / 2, Math.abs(t)];
    const half = (beam / 2) * (1 - 0.5 * e ** 4);
    const [keel, rail] = [depth * 0.75 * e ** 4, depth * (1 + 0.3 * e ** 4)];
    const bilge = keel + (rail - keel) * 0.3;
    rows.push([
      [x, rail, -half],
      [x, bilge, -half * 0.97],
      [x, keel, -half * 0.75],
      [x, keel, half * 0.75],
      [x, bilge, half * 0.97],
      [x, rail, half],
    ]);
  }
  const shape = skin(rows, tint);
  for (const [row, way] of [
    [rows[0], 1],
    [rows.at(-1), -1],
  ]) {
    for (let i = 1; i < 5; i++) {
      if (way > 0) shape.triangle(row[0], row[i + 1], row[i], tint);
      else shape.triangle(row[0], row[i], row[i + 1], tint);
    }
  }
  const low = (p) => [p[0], p[1] - depth * 0.12, p[2]];
  shape.join(skin(rows.map((r) => [low(r[0]), low(r[5])]).reverse(), deck));
  shape.join(
    skin(
      rows.map((r) => [low(r[0]), r[0]]),
      tint,
    ),
    skin(
      rows.map((r) => [r[5], low(r[5])]),
      tint,
    ),
  );
  return shape.join(
    ...[0, 5].map((c) =>
      tube(
        rows.map((r) => r[c]),
        depth * 0.06,
        PAINT.darkwood,
        5,
      ),
    ),
  );
}

/** A boat with a cabin and its grain. */
export function grainBoat(size, detail) {
  const { length, beam, depth } = size;
  const cabin = prism(
    [
      [-0.5, 0],
      [0.5, 0],
      [0.5, 0.5],
      [0.35, 0.72],
      [0, 0.82],
      [-0.35, 0.72],
      [-0.5, 0.5],
    ],
    1,
    PAINT.rope,
  )
    .stretch(beam * 0.7, depth * 1.1, length * 0.24)
    .turn("y", 90)
    .at(-length * 0.18, depth * 0.86, 0);
  const sacks = [0, 1, 2, 3].map((i) =>
    ball(depth * 0.34, PAINT.paper, detail.round(8))
      .stretch(1.1, 0.8, 1)
      .at(length * (0.08 + (i >> 1) * 0.13), depth * 1.05, (i & 1 ? 1 : -1) * beam * 0.18),
  );
  return together(hull(size, detail), cabin, sacks);
}

/** A falling drop. */
export const raindrop = ({ round }) =>
  lathe(
    [
      [0, 0],
      [0.014, 0.02],
      [0.016, 0.05],
      [0, 0.13],
    ],
    "#5aa9e6",
    round(6),
  );

/** A cypress: a trunk and a narrow crown. */
export function cypress(height, tint = PAINT.leaf, { round }) {
  const n = round(9);
  return together(
    cylinder(height * 0.035, height * 0.3, PAINT.darkwood, round(6)),
    lathe(
      [
        [0, 0.18],
        [0.17, 0.25],
        [0.2, 0.38],
        [0.13, 0.72],
        [0, 1],
      ].map(([r, y]) => [r * height, y * height]),
      tint,
      n,
    ),
  );
}

/** One storey of an eight-sided tower, with its eave: foot radius, head radius, height. */
export function storey(foot, head, height, wall, eave) {
  const wide = head * 1.16;
  const turn = Math.PI / 8;
  return together(
    lathe(
      [
        [0, 0],
        [foot, 0],
        [head, height * 0.72],
        [0, height * 0.72],
      ],
      wall,
      8,
      turn,
    ),
    lathe(
      [
        [0, height * 0.66],
        [head, height * 0.66],
        [wide, height * 0.8],
        [wide, height * 0.87],
        [head * 0.96, height],
        [0, height],
      ],
      eave,
      8,
      turn,
    ),
  );
}

/** A hall with a curved hipped roof, its long side to the south. */
export function hall(width, depth, height, { wall = PAINT.red, roof = PAINT.roof } = {}) {
  const wallTop = height * 0.5;
  const shape = together(
    box([width * 1.15, height * 0.08, depth * 1.2], PAINT.palestone),
    box([width * 0.9, wallTop, depth * 0.82], wall),
  );
  const level = (w, d, y) => [
    [-w / 2, y, d / 2],
    [w / 2, y, d / 2],
    [w / 2, y, -d / 2],
    [-w / 2, y, -d / 2],
  ];
  const rings = [
    level(width * 0.8, depth * 0.7, wallTop * 0.95),
    level(width * 1.12, depth * 1.15, wallTop * 1.02),
    level(width * 1.12, depth * 1.15, wallTop * 1.07),
    level(width * 0.82, depth * 0.62, height * 0.74),
    level(width * 0.58, depth * 0.04, height),
  ];
  const top = new Shape().quad(...rings.at(-1), roof);
  const ridge = box([width * 0.66, height * 0.07, depth * 0.06], PAINT.green).at(0, height * 0.98, 0);
  const columns = [-0.42, -0.25, -0.08, 0.08, 0.25, 0.42].map((x) =>
    cylinder(height * 0.02, wallTop, PAINT.darkwood, 6).at(x * width, 0, depth * 0.47),
  );
  return together(shape, skin(rings, roof, true), top, ridge, columns);
}
