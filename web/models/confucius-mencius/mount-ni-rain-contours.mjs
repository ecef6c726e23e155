// Five peaks in a row, their contour lines, and rain that runs off them to the reservoir. A schematic: the order "five
// peaks in a row, the lake below" is the place's, the shape of the slopes is a formula, not a survey.
import { model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { repeated, Shape, together } from "../kit/shape.mjs";
import { ball, land, pool, ribbon } from "../kit/solids.mjs";
import { cypress, hall } from "../kit/things.mjs";
import { colour, mix } from "../kit/vectors.mjs";

const [WIDE_M, DEEP_M] = [3.4, 2.6];
const SECONDS = 12;
const LAKE_M = 0.2;
const STEP_M = 0.12;
const PEAKS = [
  [-1.25, -0.62, 0.5],
  [-0.62, -0.5, 0.62],
  [0, -0.58, 0.78],
  [0.62, -0.5, 0.64],
  [1.22, -0.62, 0.52],
];

/** Peaks joined by a ridge, spurs and gullies between them, and ground that falls to a basin in the south-east. */
function height(x, z) {
  let h = z > -0.55 ? 0.42 - 0.15 * (z + 0.55) : 0.42 - 0.3 * (-0.55 - z);
  for (const [px, pz, top] of PEAKS) {
    h = Math.max(h, h * 0.6 + top * Math.exp(-((x - px) ** 2 / 0.1 + (z - pz) ** 2 / 0.34)) * 0.9);
  }
  h = Math.max(h + 0.02 * Math.sin(7 * x + 3 * z), LAKE_M + 0.06 - 0.02 * x);
  const basin = Math.exp(-((x - 0.8) ** 2 / 0.9 + (z - 1) ** 2 / 0.3));
  return Math.max(0.06, h - 0.3 * basin);
}

const BANDS = ["#8fae62", "#a3b768", "#b9bb6d", "#c9b36b", "#c39f62", "#b58a5a", "#a87a55", "#cdbb9a"];

function tint(_x, y) {
  const band = Math.max(0, Math.min(BANDS.length - 1, Math.floor((y - LAKE_M) / STEP_M)));
  return y < LAKE_M ? colour("#7d6a4c") : colour(BANDS[band]);
}

/** Marching squares, one strip a piece: where the ground passes a height. */
function contours(columns, rows) {
  const shape = new Shape();
  const at = (c, r) => {
    const [x, z] = [(c / columns - 0.5) * WIDE_M, (r / rows - 0.5) * DEEP_M];
    return [x, height(x, z), z];
  };
  for (let level = LAKE_M + STEP_M; level < 1; level += STEP_M) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const [a, b, d, e] = [at(c, r), at(c, r + 1), at(c + 1, r + 1), at(c + 1, r)];
        for (const triangle of [
          [a, b, d],
          [a, d, e],
        ])
          cut(shape, triangle, level);
      }
    }
  }
  return shape;
}

function cut(shape, corners, level) {
  const hits = [];
  corners.forEach((p, i) => {
    const q = corners[(i + 1) % 3];
    if (p[1] < level !== q[1] < level) hits.push(mix(p, q, (level - p[1]) / (q[1] - p[1])));
  });
  if (hits.length < 2) return;
  const [p, q] = hits.map((h) => [h[0], h[1] + 0.006, h[2]]);
  shape.join(ribbon([p, q], 0.011, "#5a4630"));
}

/** The way of a drop: always down the steepest slope, until the lake or the edge. */
function descent(x, z) {
  const path = [];
  const e = 0.01;
  for (let i = 0; i < 260; i++) {
    const h = height(x, z);
    if (i % 10 === 0) path.push([x, Math.max(h, LAKE_M) + 0.012, z]);
    if (h < LAKE_M || Math.abs(x) > WIDE_M / 2 - 0.03 || Math.abs(z) > DEEP_M / 2 - 0.03) break;
    const slope = [height(x + e, z) - height(x - e, z), height(x, z + e) - height(x, z - e)];
    const steep = Math.hypot(...slope) || 1;
    x -= (slope[0] / steep) * 0.012;
    z -= (slope[1] / steep) * 0.012;
  }
  return path;
}

const SOURCES = [
  [-1.2, -0.45],
  [-0.9, -0.5],
  [-0.55, -0.35],
  [-0.28, -0.5],
  [0.05, -0.4],
  [0.3, -0.5],
  [0.6, -0.35],
  [0.92, -0.52],
  [1.25, -0.45],
  [-0.6, -0.66],
  [0, -0.75],
  [0.62, -0.68],
  [1.2, -0.8],
  [-1.2, -0.8],
];

export default function make(detail) {
  const [columns, rows] = detail.full ? [44, 34] : [28, 22];
  const ways = SOURCES.map(([x, z]) => descent(x, z)).filter((path) => path.length > 3);
  const drop = [{ shape: ball(0.028, PAINT.blue, detail.round(8)), material: "glow" }];
  const streams = ways.flatMap((path, i) =>
    stream({ name: `rain ${i + 1}`, skins: drop, path, count: 3, seconds: SECONDS, laps: 1 }),
  );
  const brooks = together(
    ways.map((path) =>
      ribbon(
        path.map((p) => [p[0], p[1] + 0.002, p[2]]),
        0.03,
        PAINT.blue,
      ),
    ),
  );
  const ground = land({ width: WIDE_M, depth: DEEP_M, columns, rows, height, tint, wall: PAINT.darkearth });
  const [hx, hz] = [0.2, -0.3];
  const trees = repeated(
    cypress(0.16, PAINT.leaf, detail),
    [
      [0.36, -0.2],
      [0.05, -0.12],
      [0.4, -0.36],
    ].map(([x, z]) => [x, height(x, z) - 0.01, z]),
  );
  const lake = pool([1.8, 0.02, 0.98], PAINT.deepwater).at(0.79, LAKE_M - 0.02, 0.8);
  return model({
    parts: [
      part("land", ground),
      part("contour lines", contours(columns, rows)),
      part("brooks", brooks),
      part("reservoir", lake, "water"),
      part("temple", hall(0.22, 0.14, 0.14)).at(hx, height(hx, hz) - 0.01, hz),
      part("trees", trees),
      streams,
      new Part("pins").put(
        pins(
          [
            [
              [0, height(0, -0.58), -0.58],
              "山脊：分水线，雨水在这里分向两边",
              "Ridge: the watershed, where the rain parts",
            ],
            [[-0.28, height(-0.28, -0.1), -0.1], "山沟：水滴汇成小溪", "Gully: drops join into a stream"],
            [[0.95, LAKE_M, 0.95], "水库：集水区的水流到这里", "Reservoir: where its catchment drains"],
          ],
          { stem: 0.3, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 3,
    view: { turn: 18, tilt: 34 },
  });
}
