// A limestone hill cut open: rain sinks through joints and comes out in the spring at the foot, and a drop of dye goes the
// same way. Schematic: beds, joints and the way of the water are drawn, not surveyed.
import { each, model, Part, part, shown, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { repeated, Shape, together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, tube } from "../kit/solids.mjs";
import { cypress, hall, raindrop } from "../kit/things.mjs";
import { colour } from "../kit/vectors.mjs";

const [WIDE_M, DEEP_M] = [3.4, 1.7];
const SECONDS = 16;
const BASIN = { x: 1.12, z: 0.45, r: 0.32, y: 0.3 };
const FRONT_M = DEEP_M / 2;

/** The hill is highest left of the middle and falls to the basin in the east. */
function height(x, z) {
  const hill =
    1.15 * Math.exp(-((x + 0.55) ** 2) / 0.75 - (z - 0.35) ** 2 / 2.2) +
    0.3 * Math.exp(-((x + 1.5) ** 2) / 0.4);
  const rough = 0.035 * Math.sin(6 * x + 4 * z) + 0.03 * Math.sin(11 * x - 5 * z);
  return 0.34 + hill + rough * Math.min(1, hill * 2);
}

const BEDS = ["#cbbf9f", "#b9ac8b", "#d6cbad", "#c1b492", "#aea07f"];

/** The cut face: beds that dip a little, each a band of quads from the foot up to the ground. */
function cutFace(columns) {
  const shape = new Shape();
  const bed = (x, k) => 0.13 * k + 0.06 * x - 0.02;
  for (let c = 0; c < columns; c++) {
    const [x0, x1] = [c, c + 1].map((i) => (i / columns - 0.5) * WIDE_M);
    const [h0, h1] = [height(x0, FRONT_M), height(x1, FRONT_M)];
    for (let k = 0; k < 15; k++) {
      const at = (x, n, h) => [x, Math.max(0, Math.min(h, bed(x, n))), FRONT_M];
      const tint = h0 - bed(x0, k) < 0.1 ? "#8a6a48" : BEDS[k % BEDS.length];
      const last = k === 14 ? 9 : k + 1;
      shape.quad(
        at(x0, k, h0),
        at(x1, k, h1),
        at(x1, last > k ? k + 1 : 99, h1),
        at(x0, last > k ? k + 1 : 99, h0),
        tint,
      );
    }
  }
  return shape;
}

function top(columns, rows) {
  const shape = new Shape();
  const p = (c, r) => {
    const [x, z] = [(c / columns - 0.5) * WIDE_M, (r / rows - 0.5) * DEEP_M];
    return [x, height(x, z), z];
  };
  const hue = ([x, y, z]) =>
    colour(y > 0.9 + 0.1 * Math.sin(5 * x + 7 * z) ? "#a3a07a" : y > 0.5 ? "#86a35a" : PAINT.grass);
  const down = ([x, , z]) => [x, 0, z];
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const [a, b, d, e] = [p(c, r), p(c, r + 1), p(c + 1, r + 1), p(c + 1, r)];
      shape.triangle(a, b, d, hue(a), hue(b), hue(d)).triangle(a, d, e, hue(a), hue(d), hue(e));
    }
  for (let c = 0; c < columns; c++)
    shape.quad(down(p(c + 1, 0)), down(p(c, 0)), p(c, 0), p(c + 1, 0), BEDS[1]);
  for (let r = 0; r < rows; r++) {
    shape.quad(down(p(0, r)), down(p(0, r + 1)), p(0, r + 1), p(0, r), BEDS[0]);
    shape.quad(down(p(columns, r + 1)), down(p(columns, r)), p(columns, r), p(columns, r + 1), BEDS[3]);
  }
  return shape;
}

/** The main way of the water along the joints, on the cut face, up into the basin. */
const z = FRONT_M + 0.012;
const WAY = [
  [-0.62, 1.46, z],
  [-0.6, 1.12, z],
  [-0.86, 1.08, z],
  [-0.84, 0.78, z],
  [-0.35, 0.72, z],
  [-0.33, 0.44, z],
  [0.12, 0.42, z],
  [0.14, 0.16, z],
  [0.86, 0.14, z],
  [1.06, 0.2, z],
  [1.1, 0.36, z - 0.06],
  [BASIN.x, 0.43, BASIN.z],
];
const SIDE_WAYS = [
  [
    [-0.1, 1.28, z],
    [-0.08, 0.95, z],
    [-0.35, 0.92, z],
    [-0.35, 0.72, z],
  ],
  [
    [-1.2, 0.98, z],
    [-1.18, 0.76, z],
    [-0.84, 0.78, z],
  ],
  [
    [0.42, 0.72, z],
    [0.4, 0.5, z],
    [0.12, 0.42, z],
  ],
];
const DRY = [
  [
    [-1.35, 0.8, z],
    [-1.3, 0.3, z],
  ],
  [
    [0.62, 0.55, z],
    [0.64, 0.3, z],
  ],
  [
    [-0.6, 0.5, z],
    [-0.62, 0.1, z],
  ],
  [
    [0.3, 0.32, z],
    [0.5, 0.1, z],
  ],
];

function spring({ round }) {
  const n = round(24);
  const rim = lathe(
    [
      [BASIN.r, 0],
      [BASIN.r + 0.08, 0],
      [BASIN.r + 0.08, 0.16],
      [BASIN.r, 0.16],
      [BASIN.r, 0],
    ],
    PAINT.palestone,
    n,
  );
  return rim.at(BASIN.x, BASIN.y, BASIN.z);
}

/** The drop of dye on its way, and the spring that it colours. */
function tracer({ round }) {
  const dye = part("drop of dye", ball(0.055, "#ff2f6d", round(12)), "glow")
    .move("translation", [
      [0, [-0.62, 2.1, z]],
      [1.5, [-0.62, 2.1, z]],
      ...WAY.map((p, i) => [2 + i, p]),
      [SECONDS, WAY.at(-1)],
    ])
    .move("scale", shown(0, 14.6, SECONDS));
  const film = cylinder(BASIN.r - 0.01, 0.012, "#ff7fa6", round(24)).at(BASIN.x, BASIN.y + 0.132, BASIN.z);
  const coloured = part("coloured spring", film, "water").move("scale", shown(13, SECONDS - 0.4, SECONDS));
  return [dye, coloured];
}

/** A cloud over the hill and the rain that falls from it. */
function weather(detail) {
  const puffs = [
    [-1.2, 0.2],
    [-0.85, 0.3],
    [-0.5, 0.34],
    [-0.15, 0.28],
    [0.15, 0.2],
  ];
  const cloud = puffs.map(([x, r]) =>
    ball(r, "#dfe5ea", detail.round(14)).stretch(1, 0.62, 0.9).at(x, 2.4, 0.15),
  );
  const skins = [{ shape: raindrop(detail), material: "glow" }];
  const rain = each(9, (i) => {
    const [x, y] = [-1.35 + i * 0.22, 0.6 - ((i * 5) % 7) * 0.16];
    const path = [
      [x, 2.25, y],
      [x, height(x, y), y],
    ];
    return stream({
      name: `rain ${i + 1}`,
      skins,
      path,
      count: 1,
      seconds: SECONDS,
      laps: 9,
      late: (i * 0.4) % 1,
    });
  });
  return [part("cloud", together(cloud)), ...rain.flat()];
}

/** Water in the joints, in the basin, and away over the edge. */
function waters(detail) {
  const { round } = detail;
  const skins = [{ shape: ball(0.028, "#bfe3ff", round(8)), material: "glow" }];
  const joints = together(
    tube(WAY.slice(0, -1), 0.026, PAINT.blue, round(7)),
    SIDE_WAYS.map((p) => tube(p, 0.016, PAINT.blue, round(6))),
  );
  const basin = cylinder(BASIN.r - 0.005, 0.12, PAINT.water, round(24)).at(BASIN.x, BASIN.y + 0.01, BASIN.z);
  const brook = [
    [BASIN.x, 0.45, BASIN.z + 0.1],
    [BASIN.x + 0.1, 0.46, FRONT_M - 0.05],
    [BASIN.x + 0.2, 0.42, FRONT_M + 0.02],
    [BASIN.x + 0.22, 0.05, FRONT_M + 0.04],
  ];
  return [
    part("water in the joints", joints),
    part("spring basin", spring(detail)),
    part("spring water", basin, "water"),
    stream({ name: "water", skins, path: WAY, count: 9, seconds: SECONDS, laps: 1 }),
    stream({ name: "brook", skins, path: brook, count: 4, seconds: SECONDS, laps: 4 }),
  ];
}

const TREES = [
  [-1.5, 0.3],
  [0.3, -0.3],
  [0.55, -0.5],
  [-0.2, -0.5],
  [-0.9, -0.6],
  [1.4, -0.5],
  [1.5, 0.1],
];

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [
          [-0.35, height(-0.35, 0.6), 0.6],
          "雨水和染料渗进石灰岩的裂隙",
          "Rain and dye sink into joints of the limestone",
        ],
        [
          [0.5, height(0.5, 0.6), 0.6],
          "水沿裂隙转几个弯",
          "The water follows the joints round several bends",
        ],
        [
          [BASIN.x + 0.38, BASIN.y + 0.15, BASIN.z],
          "泉池：水从山脚冒出",
          "Spring basin at the foot of the hill",
        ],
      ],
      { stem: 0.3, size: 0.15 },
    ),
  );

export default function make(detail) {
  const [columns, rows] = detail.full ? [44, 20] : [26, 11];
  const onHill = ([x, y]) => [x, height(x, y) - 0.02, y];
  return model({
    parts: [
      part("foot", box([WIDE_M + 0.1, 0.06, DEEP_M + 0.1], PAINT.darkwood).at(0, -0.06, 0)),
      part("hill", together(top(columns, rows), cutFace(columns))),
      part("joints", together(DRY.map((p) => tube(p, 0.012, "#6e6248", 5)))),
      part("pavilion", hall(0.34, 0.26, 0.34)).at(...onHill([1.25, -0.2])),
      part("trees", repeated(cypress(0.3, PAINT.leaf, detail), TREES.map(onHill))),
      waters(detail),
      weather(detail),
      tracer(detail),
      labels(),
    ],
    seconds: SECONDS,
    still: 6.6,
    view: { turn: 16, tilt: 17 },
  });
}
