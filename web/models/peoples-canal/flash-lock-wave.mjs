// A flash lock: boards are drawn, water surges through the gap and carries the boat down, then the boards go back.
// Schematic, with levels chosen to be seen.
import { each, model, Part, part, rising, shown, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, pool, prism } from "../kit/solids.mjs";
import { grainBoat, person } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

const SECONDS = 18;
const [OPENING, OPEN, SHUTTING, SHUT] = [1, 4.5, 10, 14];
const [UPPER_M, LOWER_M] = [0.86, 0.42];
const GAP_M = 0.8;
const BOARDS = 6;
const BOARD_M = (UPPER_M + 0.06 - 0.08) / BOARDS;
const [LONG_M, WIDE_M] = [4.4, 2.2];
/** The model is cut along the near side of the gap: the water reaches from the far bank to there. */
const WATER_WIDE_M = WIDE_M / 2 - 0.1 + GAP_M / 2;
const WATER_Z_M = (GAP_M / 2 - WIDE_M / 2 + 0.1) / 2;

/** One abutment with its gate slot: courses of stone, wings that open towards both waters. */
function abutment({ bevel }) {
  const depth = (WIDE_M - GAP_M) / 2;
  const courses = each(4, (row) =>
    each(4, (i) => {
      const wide = 0.35;
      const tint = (row + i) % 2 ? PAINT.stone : "#b3afa5";
      return box([wide - 0.006, 0.28, depth], tint, bevel(0.012)).at((i - 1.5) * wide, row * 0.285 + 0.08, 0);
    }),
  );
  const slot = box([0.07, 1.16, 0.05], PAINT.ink).at(0, 0.08, depth / 2 - 0.015);
  const wing = prism(
    [
      [0.7, -depth / 2],
      [1.5, -depth / 2],
      [0.7, depth / 2],
    ],
    1.1,
    PAINT.darkstone,
  )
    .turn("x", -90)
    .at(0, 0.63, 0);
  return together(courses, slot, wing.copy().stretch(1, 1, -1), wing.copy().turn("y", 180));
}

function banks({ bevel }) {
  const side = (z) =>
    [-1, 1].map((s) =>
      box([LONG_M / 2 - 0.75, s < 0 ? 1.1 : 0.8, 0.36], PAINT.grass, bevel(0.05)).at(
        s * (LONG_M / 4 + 0.37),
        0.04,
        z,
      ),
    );
  return together(
    box([LONG_M, 0.08, WATER_WIDE_M + 0.5], PAINT.earth).at(0, 0, WATER_Z_M - 0.2),
    side(-WIDE_M / 2 - 0.06),
    // Of the near wall only the foot is left, so that one sees into the gap.
    box([1.4, 0.14, 0.1], PAINT.stone, bevel(0.02)).at(0, 0.02, GAP_M / 2 + 0.03),
  );
}

/** Boards go up one after another, the topmost first, and come back the other way round. */
function board(i, { bevel }) {
  const n = BOARDS - 1 - i;
  const y = 0.08 + i * BOARD_M;
  const up = 1.45 + n * 0.02;
  const [a, b] = [OPENING + n * 0.55, SHUTTING + i * 0.6];
  const aside = [0, up, -GAP_M / 2 - 0.4 - n * 0.02];
  return part(
    `board ${i + 1}`,
    box([0.055, BOARD_M - 0.008, GAP_M + 0.06], i % 2 ? PAINT.wood : PAINT.darkwood, bevel(0.01)),
  ).move("translation", [
    [0, [0, y, 0]],
    [a, [0, y, 0]],
    [a + 0.35, [0, up, 0]],
    [a + 0.6, aside],
    [b, aside],
    [b + 0.3, [0, up, 0]],
    [b + 0.65, [0, y, 0]],
    [SECONDS, [0, y, 0]],
  ]);
}

const boatWay = [
  [0, [-1.5, UPPER_M, 0]],
  [OPEN + 0.4, [-1.4, UPPER_M, 0]],
  [OPEN + 2, [-0.75, UPPER_M - 0.02, 0]],
  [OPEN + 2.8, [0.05, UPPER_M - 0.16, 0]],
  [OPEN + 3.3, [0.75, LOWER_M + 0.02, 0]],
  [OPEN + 4.6, [1.5, LOWER_M, 0]],
  [SECONDS, [1.6, LOWER_M, 0]],
];
const boatLean = [
  [0, 0],
  [OPEN + 2, 0],
  [OPEN + 2.6, -13],
  [OPEN + 3.1, -10],
  [OPEN + 3.5, 3],
  [OPEN + 4.2, 0],
  [SECONDS, 0],
];

/** The tongue of water in the gap, while it is open. */
function surge() {
  const outline = [
    [-0.5, 0.1],
    [0.95, 0.1],
    [0.95, LOWER_M + 0.03],
    [0.7, LOWER_M + 0.07],
    [0.4, LOWER_M - 0.01],
    [0.1, LOWER_M + 0.2],
    [-0.25, UPPER_M - 0.06],
    [-0.5, UPPER_M - 0.04],
  ];
  return part("surge", prism(outline, GAP_M - 0.02, PAINT.water), "water").move(
    "scale",
    rising([OPENING + 1, OPEN, SHUTTING, SHUTTING + 2], SECONDS),
  );
}

/** Upper and lower water; the upper one sinks while the gate is open. */
const pools = () => [
  part("upper water", pool([LONG_M / 2 - 0.03, 1, WATER_WIDE_M], PAINT.deepwater), "water")
    .at(-LONG_M / 4, 0.08, WATER_Z_M)
    .move(
      "scale",
      [
        [0, UPPER_M - 0.08],
        [OPEN, UPPER_M - 0.1],
        [SHUTTING, UPPER_M - 0.17],
        [SHUT, UPPER_M - 0.15],
        [SECONDS, UPPER_M - 0.08],
      ].map(([t, y]) => [t, [1, y, 1]]),
    ),
  part("lower water", pool([LONG_M / 2 - 0.03, LOWER_M - 0.08, WATER_WIDE_M], PAINT.water), "water").at(
    LONG_M / 4,
    0.08,
    WATER_Z_M,
  ),
];

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[-1.9, UPPER_M, 0.1], "高水位：水在这里积蓄能量", "High water: here is the stored energy"],
        [[0.08, 1.22, -1.0], "闸板一块块抽起", "The boards are drawn one by one"],
        [[1.9, LOWER_M, 0.1], "低水位：船借水势冲下来", "Low water: the boat rides the surge down"],
      ],
      { stem: 0.32, size: 0.15 },
    ),
  );

export default function make(detail) {
  const { round } = detail;
  const skins = [{ shape: ball(0.035, PAINT.foam, round(8)), material: "glow" }];
  const foam = [-0.25, -0.1, 0.08, 0.24].flatMap((z, i) =>
    stream({
      name: `foam ${i + 1}`,
      skins,
      count: 3,
      seconds: SECONDS,
      laps: 12,
      late: i * 0.27,
      during: [OPEN - 1, SHUTTING + 1],
      path: [
        [-0.6, UPPER_M, z],
        [-0.2, UPPER_M - 0.06, z],
        [0.1, LOWER_M + 0.22, z],
        [0.4, LOWER_M + 0.02, z],
        [0.7, LOWER_M + 0.09, z * 1.4],
        [1.5, LOWER_M + 0.02, z * 2],
      ],
    }),
  );
  const boat = part("boat", grainBoat({ length: 1.05, beam: 0.42, depth: 0.2 }, detail).at(0, -0.09, 0))
    .move("translation", boatWay)
    .move(
      "rotation",
      boatLean.map(([t, a]) => [t, turned("z", a)]),
    )
    .move("scale", shown(0, SECONDS - 0.4, SECONDS));
  const depth = (WIDE_M - GAP_M) / 2;
  const far = abutment(detail).at(0, 0, -GAP_M / 2 - depth / 2);
  const keepers = [
    [-0.45, -0.85],
    [-0.2, -0.72],
    [0.25, -0.72],
    [0.5, -0.85],
  ].map(([x, z], i) =>
    part(`lock keeper ${i + 1}`, person(0.5, i % 2 ? PAINT.cloth : PAINT.rust, detail))
      .at(x, 1.22, z)
      .turn(turned("y", -x * 60)),
  );
  return model({
    parts: [
      part("banks", banks(detail)),
      part("abutment", far),
      pools(),
      surge(),
      foam,
      each(BOARDS, (i) => board(i, detail)),
      boat,
      keepers,
      labels(),
    ],
    seconds: SECONDS,
    still: OPEN + 2.7,
    view: { turn: 24, tilt: 22 },
  });
}
