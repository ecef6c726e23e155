// A hill on a plain: silt blocks the river's way out, the water rises over valley, low ground and slopes, until only the top
// is dry. Schematic: neither the shape of the hill nor the levels are surveyed.
import { each, model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { repeated, together } from "../kit/shape.mjs";
import { ball, box, land, pool, prism } from "../kit/solids.mjs";
import { cypress } from "../kit/things.mjs";
import { colour, mix } from "../kit/vectors.mjs";

const [WIDE_M, DEEP_M] = [3.4, 2.8];
const SECONDS = 20;
const FULL_M = 0.62;
/** The level, in steps: each rise is followed by a rest. */
const LEVELS = [
  [0, 0.2],
  [4, 0.2],
  [6, 0.31],
  [8, 0.31],
  [10, 0.42],
  [12, 0.42],
  [14.5, FULL_M],
  [18.5, FULL_M],
  [SECONDS, 0.2],
];

/** The bed of the old river, winding past the hill from north to south. */
const bed = (z) => 1.05 + 0.22 * Math.sin(z * 2.1);

function height(x, z) {
  const r = Math.hypot(x + 0.3, (z + 0.05) * 1.35);
  const hill =
    0.78 * Math.exp(-(r ** 2) / 0.42) + 0.14 * Math.exp(-((x + 0.75) ** 2 + (z - 0.35) ** 2) / 0.12);
  const plain = 0.27 + 0.03 * Math.sin(2.4 * x + 1) * Math.cos(2 * z) + 0.06 * Math.max(0, -x - 1.2);
  const rim = Math.max(
    1.92 * Math.max(0, Math.abs(x) / (WIDE_M / 2) - 0.84),
    3 * Math.max(0, -z / (DEEP_M / 2) - 0.86),
  );
  const valley = 0.17 * Math.exp(-((x - bed(z)) ** 2) / 0.03);
  return Math.max(0.1, Math.min(0.8, plain + rim * 0.55) + hill - valley);
}

const FARM = ["#a8bd5e", "#93ad54", "#c2b765", "#86a455"];

function tint(x, y, z) {
  if (y < 0.2) return colour("#b59a66");
  if (y < 0.34) return colour(FARM[(Math.floor(x * 4 + 40) + Math.floor(z * 4 + 40) * 3) % 4]);
  return mix(colour("#7f9e4c"), colour("#5b7f3f"), Math.min(1, (y - 0.34) * 2));
}

const onLand = ([x, z]) => [x, height(x, z) - 0.012, z];

function houses({ bevel }) {
  const one = together(
    box([0.13, 0.07, 0.1], "#d9c7a5", bevel(0.005)),
    prism(
      [
        [-0.09, 0],
        [0.09, 0],
        [0, 0.06],
      ],
      0.13,
      PAINT.greybrick,
    )
      .turn("y", 90)
      .at(0, 0.07, 0),
  );
  return repeated(
    one,
    [
      [0.5, 0.85],
      [0.68, 0.7],
      [0.4, 1.0],
      [-1.1, 0.95],
      [-0.95, 1.08],
      [0.5, -0.9],
    ].map(onLand),
  );
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[-0.3, height(-0.3, -0.05), -0.05], "山顶：最后成了岛", "Hilltop: in the end an island"],
        [[bed(1.3), 0.3, 1.36], "泥沙堵住出水口", "Silt blocks the way out"],
        [[1.15, height(1.15, -0.9), -0.9], "河谷：最先被淹", "Valley: the first to go under"],
      ],
      { stem: 0.42, size: 0.16 },
    ),
  );

export default function make(detail) {
  const [columns, rows] = detail.full ? [52, 44] : [30, 25];
  const ground = land({ width: WIDE_M, depth: DEEP_M, columns, rows, height, tint, wall: PAINT.darkearth });
  const spots = [
    [-0.3, -0.1],
    [-0.42, 0.08],
    [-0.18, 0.1],
    [-0.5, -0.12],
    [-0.1, -0.15],
    [-0.75, 0.35],
    [0.25, 0.5],
    [-1.3, -0.5],
    [1.42, 0.4],
    [0.4, -0.5],
    [-0.62, 0.1],
    [0.05, 0.12],
  ];
  const trees = repeated(cypress(0.17, PAINT.leaf, detail), spots.map(onLand));
  const lake = part("lake", pool([WIDE_M - 0.012, 1, DEEP_M - 0.012], PAINT.deepwater), "water").move(
    "scale",
    LEVELS.map(([t, y]) => [t, [1, y, 1]]),
  );
  const path = each(12, (i) => [bed(-1.35 + i * 0.245), 0.21, -1.35 + i * 0.245]);
  const skins = [{ shape: ball(0.03, PAINT.foam, detail.round(8)), material: "glow" }];
  const river = stream({ name: "river", skins, path, count: 7, seconds: SECONDS, laps: 3, during: [0, 4.2] });
  // The silt of the floods closes the way out in the south.
  const bar = prism(
    [
      [-0.62, 0.1],
      [0.62, 0.1],
      [0.5, FULL_M + 0.02],
      [0.2, FULL_M + 0.07],
      [-0.2, FULL_M + 0.07],
      [-0.5, FULL_M + 0.02],
    ],
    0.3,
    "#c9a04e",
  );
  const silt = part("silt of the floods", bar)
    .at(bed(1.3) - 0.05, 0, 1.26)
    .move("scale", [
      [0, [1, 0.05, 1]],
      [2, [1, 0.05, 1]],
      [4.5, [1, 1, 1]],
      [18.5, [1, 1, 1]],
      [SECONDS, [1, 0.05, 1]],
    ]);
  return model({
    parts: [
      part("land", ground),
      part("trees", trees),
      part("houses", houses(detail)),
      lake,
      river,
      silt,
      labels(),
    ],
    seconds: SECONDS,
    still: 11,
    view: { turn: 28, tilt: 30 },
  });
}
