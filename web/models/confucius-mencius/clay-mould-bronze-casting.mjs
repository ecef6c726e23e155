// A bronze vessel cast in clay: core and mould pieces close, the metal fills the gap between them, the mould comes off.
// Schematic: one front piece stays drawn back so that the gap can be seen; no vessel of the museum is copied.
import { each, model, Part, part, rising, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, lathe, tube, wedge } from "../kit/solids.mjs";
import { person } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

const SECONDS = 18;
const [CLOSED, POURED, SET, OPENED] = [3, 7.5, 10, 12.5];
const BENCH_M = 0.7;
/** Outlines of [radius, height]: the vessel's wall, the core inside it, a mould piece outside it. */
const WALL = [
  [0, 0.2],
  [0.17, 0.22],
  [0.3, 0.34],
  [0.34, 0.5],
  [0.33, 0.62],
  [0.38, 0.66],
  [0.38, 0.69],
  [0.29, 0.69],
  [0.29, 0.52],
  [0.26, 0.37],
  [0.14, 0.26],
  [0, 0.25],
];
const CORE = [
  [0, 0.25],
  [0.14, 0.26],
  [0.26, 0.37],
  [0.29, 0.52],
  [0.29, 0.74],
  [0, 0.74],
];
const JACKET = [
  [0.03, 0],
  [0.54, 0],
  [0.56, 0.69],
  [0.38, 0.69],
  [0.38, 0.66],
  [0.33, 0.62],
  [0.34, 0.5],
  [0.3, 0.34],
  [0.17, 0.22],
  [0.03, 0.2],
];
const RIGHT_ANGLE = Math.PI / 2;

function vessel(tint, { round }) {
  const legs = each(3, (i) => {
    const a = (i / 3) * 2 * Math.PI + RIGHT_ANGLE;
    return tube(
      [
        [0.2 * Math.cos(a), 0.3, 0.2 * Math.sin(a)],
        [0.23 * Math.cos(a), 0.12, 0.23 * Math.sin(a)],
        [0.25 * Math.cos(a), 0, 0.25 * Math.sin(a)],
      ],
      0.065,
      tint,
      round(12),
      0.045,
    );
  });
  const ears = [-1, 1].map((s) =>
    tube(
      each(9, (i) => [
        s * 0.335,
        0.66 + 0.16 * Math.sin((i / 8) * Math.PI),
        0.09 * Math.cos((i / 8) * Math.PI),
      ]),
      0.026,
      tint,
      round(8),
    ),
  );
  const band = [0.44, 0.55].map((y) =>
    lathe(
      [
        [0.325, y],
        [0.352, y],
        [0.352, y + 0.022],
        [0.325, y + 0.022],
      ],
      tint,
      round(32),
    ),
  );
  const bosses = each(12, (i) =>
    cylinder(0.02, 0.03, tint, round(8))
      .turn("x", 90)
      .at(0, 0.5, 0.335)
      .turn("y", i * 30),
  );
  return together(lathe(WALL, tint, round(32)), legs, ears, band, bosses);
}

function bench({ bevel }) {
  const legs = each(4, (i) =>
    box([0.12, BENCH_M - 0.1, 0.12], PAINT.darkwood, bevel(0.015)).at(
      i & 1 ? 1.1 : -1.1,
      0,
      i & 2 ? 0.6 : -0.6,
    ),
  );
  return together(box([2.5, 0.1, 1.5], PAINT.wood, bevel(0.02)).at(0, BENCH_M - 0.1, 0), legs);
}

function piece(i, detail) {
  const middle = i * RIGHT_ANGLE;
  const way = [Math.cos(middle), 0, -Math.sin(middle)];
  // The front piece (towards +Z) stays off; the others close.
  const front = i === 3;
  const [apart, near] = [front ? 0.62 : 0.5, front ? 0.62 : 0];
  const to = (m) => [way[0] * m, 0, way[2] * m];
  const shape = wedge(
    JACKET,
    middle - RIGHT_ANGLE / 2,
    middle + RIGHT_ANGLE / 2,
    PAINT.clay,
    detail.round(8),
    "#8d5f43",
  );
  return part(`mould piece ${i + 1}`, shape).move("translation", [
    [0, to(apart)],
    [0.6, to(apart)],
    [CLOSED - 0.4, to(near)],
    [SET, to(near)],
    [OPENED, to(apart)],
    [SECONDS, to(apart)],
  ]);
}

function crucible({ round }) {
  const pot = lathe(
    [
      [0, 0],
      [0.15, 0],
      [0.2, 0.16],
      [0.2, 0.26],
      [0.16, 0.26],
      [0.14, 0.1],
      [0, 0.08],
    ],
    PAINT.darkearth,
    round(20),
  );
  const metal = cylinder(0.155, 0.02, PAINT.molten, round(20)).at(0, 0.2, 0);
  const bar = tube(
    [
      [0, 0.2, 0],
      [1.0, 0.26, 0],
    ],
    0.025,
    PAINT.iron,
    round(6),
  );
  const tilt = [
    [0, turned("z", 0)],
    [CLOSED, turned("z", 0)],
    [CLOSED + 0.6, turned("z", 62)],
    [POURED, turned("z", 70)],
    [POURED + 0.6, turned("z", 0)],
    [SECONDS, turned("z", 0)],
  ];
  return part("crucible", together(pot, bar))
    .add(metal, "glow")
    .at(0.52, BENCH_M + 0.98, 0)
    .move("rotation", tilt);
}

export default function make(detail) {
  const { round } = detail;
  const glowing = part("molten bronze", vessel(PAINT.molten, detail), "glow").move(
    "scale",
    rising([CLOSED + 0.5, POURED, SET, SET + 0.1], SECONDS),
  );
  const cold = part("vessel", vessel(PAINT.bronze, detail), "metal").move(
    "scale",
    shown(SET, SECONDS - 0.3, SECONDS),
  );
  const core = part("clay core", lathe(CORE, "#b9794f", round(28))).move("translation", [
    [0, [0, 0.55, 0]],
    [0.6, [0, 0.55, 0]],
    [CLOSED - 0.4, [0, 0, 0]],
    [OPENED, [0, 0, 0]],
    [OPENED + 1.5, [0, 0.75, 0]],
    [SECONDS, [0, 0.75, 0]],
  ]);
  const pouring = part(
    "pouring metal",
    cylinder(0.022, 0.62, PAINT.molten, round(8)).at(0.335, 0.6, 0),
    "glow",
  ).move("scale", shown(CLOSED + 0.5, POURED, SECONDS));
  const onBench = new Part("casting").at(0, BENCH_M, 0).put(
    core,
    each(4, (i) => piece(i, detail)),
    glowing,
    cold,
    pouring,
  );
  return model({
    parts: [
      part("bench", bench(detail)),
      part("caster", person(1.6, PAINT.cloth, detail))
        .at(1.75, 0, 0)
        .turn(turned("y", -90)),
      onBench,
      crucible(detail),
      new Part("pins").put(
        pins(
          [
            [[-0.75, BENCH_M, 0.5], "泥范：一块块拼合", "Mould pieces of clay"],
            [[0, BENCH_M + 0.74, 0], "泥芯：占住器物里面的空间", "Core: keeps the inside of the vessel free"],
            [[0.8, BENCH_M, 0.5], "空隙里的铜液凝成器壁", "The metal in the gap sets as the wall"],
          ],
          { stem: 0.3, size: 0.13 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 6,
    view: { turn: 16, tilt: 24 },
  });
}
