// The same stele on three roads: dry earth, rollers, ice. Schematic: how many oxen stand before each sledge only shows
// "more" and "fewer"; friction was not measured.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, prism, tube } from "../kit/solids.mjs";
import { ox, person } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

const SCALE = 0.24;
const SECONDS = 14;
const LANE_M = 3.2;
const [FROM_M, TO_M] = [-9, 9];
const TRAVEL_M = 3.4;
const LOG_M = 0.24;
const LANES = [
  { name: "dry earth", z: -LANE_M * 1.08, oxen: 6, lift: 0, travel: 0.35 },
  { name: "rollers", z: 0, oxen: 4, lift: 2 * LOG_M, travel: 0.7 },
  { name: "ice", z: LANE_M * 1.08, oxen: 2, lift: 0, travel: 1 },
];

/** A stele lying on its back: rounded head, frame and lines of writing. */
function stele({ round }) {
  const n = round(14);
  const head = each(n + 1, (i) => [
    1.6 + 0.75 * Math.sin((i / n) * Math.PI),
    0.75 * Math.cos((i / n) * Math.PI) * -1,
  ]);
  const slab = prism([[-2.2, -0.75], ...head, [-2.2, 0.75]], 0.42, PAINT.stone)
    .turn("x", -90)
    .at(0, 0.21, 0);
  const frame = prism(
    [
      [-2.05, -0.6],
      [1.45, -0.6],
      [1.45, 0.6],
      [-2.05, 0.6],
    ],
    0.03,
    PAINT.palestone,
  )
    .turn("x", -90)
    .at(0, 0.43, 0);
  const lines = each(7, (i) => box([3.1, 0.02, 0.05], PAINT.darkstone).at(-0.3, 0.44, (i - 3) * 0.16));
  const dragon = tube(
    each(round(26), (i) => [1.85 + 0.3 * Math.cos(i * 0.45), 0.45, 0.34 * Math.sin(i * 0.32)]),
    0.06,
    PAINT.palestone,
    round(6),
  );
  return together(slab, frame, lines, dragon);
}

function sledge({ round, bevel }) {
  const runner = (z) =>
    tube(
      [
        [-2.5, 0.14, z],
        [2.2, 0.14, z],
        [2.7, 0.3, z],
        [2.95, 0.62, z],
      ],
      0.14,
      PAINT.wood,
      round(8),
    );
  const bars = each(6, (i) =>
    box([0.22, 0.16, 1.9], PAINT.darkwood, bevel(0.03)).at(-2.1 + i * 0.82, 0.26, 0),
  );
  const lashings = [-1.5, 0.2].map((x) => box([0.09, 0.06, 1.62], PAINT.rope).at(x, 0.84, 0));
  return together(runner(-0.7), runner(0.7), bars, lashings);
}

function road({ name, z }, { round, bevel }) {
  const long = TO_M - FROM_M;
  const bed = (tint) => box([long, 0.24, LANE_M], tint, bevel(0.04)).at(0, 0, z);
  if (name === "dry earth")
    return together(
      bed(PAINT.earth),
      each(16, (i) =>
        box([0.5 + (i % 3) * 0.3, 0.03, 0.16], PAINT.darkearth).at(
          FROM_M + 0.9 + i * 1.08,
          0.235,
          z + (((i * 7) % 5) - 2) * 0.5,
        ),
      ),
    );
  if (name === "rollers")
    return together(
      bed("#b39368"),
      each(2, (s) => box([long, 0.04, 0.3], PAINT.palewood).at(0, 0.235, z + (s ? 0.7 : -0.7))),
    );
  const cracks = each(9, (i) =>
    tube(
      [
        [FROM_M + 1 + i * 1.9, 0.25, z - 1.3],
        [FROM_M + 1.6 + i * 1.9, 0.25, z - 0.2 + (i % 3) * 0.2],
        [FROM_M + 1.1 + i * 1.9, 0.25, z + 1.3],
      ],
      0.015,
      "#9fc3dc",
      round(5),
    ),
  );
  return together(bed("#d7ecf6"), cracks);
}

const slide = (travel, share = 1) => {
  const [a, b] = [
    [0, 0, 0],
    [TRAVEL_M * travel * share, 0, 0],
  ];
  return [
    [0, a],
    [1, a],
    [SECONDS - 2, b],
    [SECONDS - 0.5, b],
    [SECONDS, a],
  ];
};

/** Logs go half as fast as what rolls on them, and turn with it. */
function rollers({ z, travel }, { round }) {
  const log = [
    {
      shape: together(
        cylinder(LOG_M, 2.4, PAINT.wood, round(12)).turn("x", 90).at(0, 0, -1.2),
        [-1, 1].map((s) =>
          cylinder(LOG_M * 0.72, 0.02, PAINT.palewood, round(12))
            .turn("x", 90)
            .at(0, 0, s > 0 ? 1.2 : -1.22),
        ),
      ),
      material: "matt",
    },
  ];
  const around = (-TRAVEL_M * travel * 0.5 * 180) / Math.PI / LOG_M;
  return each(7, (i) => {
    const steps = each(9, (k) => [1 + ((SECONDS - 3) * k) / 8, turned("z", (around * k) / 8)]);
    const turns = [
      [0, turned("z", 0)],
      ...steps,
      [SECONDS - 0.5, turned("z", around)],
      [SECONDS, turned("z", around)],
    ];
    const at = -6.9 + i * 0.85;
    return part(`log ${i + 1}`)
      .wear(log)
      .move(
        "translation",
        slide(travel, 0.5).map(([t, p]) => [t, [at + p[0], 0.24 + LOG_M, z]]),
      )
      .move("rotation", turns);
  });
}

const edge = FROM_M * SCALE + 0.2;
const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[edge, 0.06, LANES[0].z * SCALE], "干土路：摩擦大，要的牛多", "Dry earth: much friction, many oxen"],
        [[edge, 0.06, 0], "滚木路：牛少一些", "Rollers: fewer oxen"],
        [
          [edge, 0.06, LANES[2].z * SCALE],
          "冰路：最滑，要的牛最少",
          "Ice: the most slippery, the fewest oxen",
        ],
      ],
      { stem: 0.3, size: 0.17 },
    ),
  );

export default function make(detail) {
  const load = [{ shape: together(sledge(detail), stele(detail).at(0.1, 0.42, 0)), material: "matt" }];
  const beast = [{ shape: ox("#8a5a34", detail), material: "matt" }];
  const driver = [{ shape: person(1.6, PAINT.cloth, detail).turn("y", 90), material: "matt" }];
  const teams = LANES.map(({ name, z, oxen, lift, travel }) => {
    const pairs = oxen / 2;
    const team = each(oxen, (i) =>
      part(`ox ${i + 1}`)
        .wear(beast)
        .at(2.2 + (i >> 1) * 2.7, 0.24, i & 1 ? 0.62 : -0.62),
    );
    const ropes = together(
      [-0.5, 0.5].map((s) =>
        tube(
          [
            [-1.4, 0.8 + lift, s],
            [1.2, 1.15, s * 1.1],
            [1.2 + pairs * 2.7, 1.2, s * 1.1],
          ],
          0.04,
          PAINT.rope,
          6,
        ),
      ),
    );
    const sled = part("sledge with stele")
      .wear(load)
      .at(-4.3, 0.24 + lift, 0);
    const man = part("driver").wear(driver).at(-0.6, 0.24, -1.15);
    return new Part(`team on ${name}`)
      .at(0, 0, z)
      .put(new Part("moving").move("translation", slide(travel)).put(sled, team, man, part("ropes", ropes)));
  });
  const scene = new Part("roads").put(
    part("three roads", together(LANES.map((lane) => road(lane, detail)))),
    teams,
    rollers(LANES[1], detail),
  );
  scene.scale = [SCALE, SCALE, SCALE];
  return model({
    parts: [scene, labels()],
    seconds: SECONDS,
    still: 6,
    view: { turn: 24, tilt: 28 },
  });
}
