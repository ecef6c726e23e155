// The canal's bank cut open: seven courses of stone, nine of brick and a stone cap, with wet soil behind. When the canal is
// emptied quickly, the water in the soil stays and pushes the wall outwards. The courses are those that were dug up; sizes,
// levels and the lean of the wall are a schematic.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { arrow, ball, box, pool, prism } from "../kit/solids.mjs";
import { chance, turned } from "../kit/vectors.mjs";

/** A stone cap, nine courses of brick, seven of stone below: excavation summary of 2008, phbabc.com/citiao/17791.html. */
const [STONE_COURSES, BRICK_COURSES] = [7, 9];
const [STONE_M, BRICK_M, CAP_M] = [0.13, 0.07, 0.1];
const THICK_M = 0.42;
const DEEP_M = 1.5;
const FLOOR_M = 0.1;
const TOP_M = FLOOR_M + STONE_COURSES * STONE_M + BRICK_COURSES * BRICK_M;
const SECONDS = 16;
const [RISEN, SOAKED, EMPTYING, EMPTY, DRAINED] = [3, 6, 8, 9, 14.5];
const [LOW_M, HIGH_M] = [0.18, TOP_M - FLOOR_M - 0.25];

/** Courses with staggered joints; the wall stands at x from -THICK_M to 0, canal on its right. */
function wall({ bevel }) {
  const course = (y, high, long, tints, row) => {
    const n = Math.round(DEEP_M / long);
    const step = DEEP_M / n;
    return each(n + (row % 2), (i) => {
      const from = Math.max(-DEEP_M / 2, -DEEP_M / 2 + (i - (row % 2) / 2) * step);
      const to = Math.min(DEEP_M / 2, -DEEP_M / 2 + (i + 1 - (row % 2) / 2) * step);
      return box(
        [THICK_M, high - 0.008, to - from - 0.008],
        tints[(i + row) % tints.length],
        high > BRICK_M ? bevel(0.008) : 0,
      ).at(-THICK_M / 2, y, (from + to) / 2);
    });
  };
  const stones = each(STONE_COURSES, (row) =>
    course(FLOOR_M + row * STONE_M, STONE_M, 0.5, [PAINT.stone, "#b6b2a8", "#9b978e"], row),
  );
  const bricks = each(BRICK_COURSES, (row) =>
    course(
      FLOOR_M + STONE_COURSES * STONE_M + row * BRICK_M,
      BRICK_M,
      0.3,
      [PAINT.greybrick, "#7d8081"],
      row,
    ),
  );
  const cap = course(TOP_M, CAP_M, 0.75, [PAINT.palestone, "#c4bfb2"], 0);
  return together(stones, bricks, cap);
}

function soil() {
  const outline = [
    [-2.0, 0],
    [-THICK_M, 0],
    [-THICK_M, TOP_M + 0.02],
    [-2.0, TOP_M + 0.1],
  ];
  return together(
    prism(outline, DEEP_M, PAINT.earth),
    prism(
      [
        [-2.0, TOP_M + 0.1],
        [-THICK_M, TOP_M + 0.02],
        [-THICK_M, TOP_M + 0.06],
        [-2.0, TOP_M + 0.14],
      ],
      DEEP_M,
      PAINT.grass,
    ),
    box([1.7, FLOOR_M, DEEP_M], PAINT.darkearth).at(0.85 - THICK_M, 0, 0),
  );
}

/** Drops in the pores: a row shows when the wet line has reached its height. */
function drops(detail) {
  const random = chance(11);
  const rows = 8;
  return each(rows, (row) => {
    const y = FLOOR_M + 0.1 + (row / rows) * (HIGH_M - 0.1);
    const shape = together(
      each(6, () =>
        ball(0.028, PAINT.blue, detail.round(8))
          .stretch(1, 1.3, 1)
          .at(-THICK_M - 0.08 - random() * 1.3, (random() - 0.5) * 0.08, DEEP_M / 2 + 0.012),
      ),
    );
    const wet = RISEN - 1 + ((SOAKED - RISEN + 1) * row) / rows;
    const dry = EMPTY + 1 + ((DRAINED - EMPTY - 1) * (rows - row)) / rows;
    return part(`drops ${row + 1}`, shape, "glow")
      .at(0, y, 0)
      .move("scale", shown(wet, dry, SECONDS));
  });
}

/** Push of the water in the soil and of that in the canal: both grow with depth. */
function pushes(detail) {
  const at = [0.2, 0.45, 0.7, 0.95, 1.2];
  const row = (from, sign, tint) =>
    together(
      at.map((y) => {
        const long = 0.08 + (HIGH_M - y) * 0.42;
        return [0.45].map((z) =>
          arrow([from + sign * long, FLOOR_M + y, z], [from, FLOOR_M + y, z], 0.02, tint, detail.round(8)),
        );
      }),
    );
  const front = (shape) => shape.at(0, 0, DEEP_M / 2 - 0.42);
  return [
    part("push of the canal", front(row(0.02, 1, PAINT.green)), "glow").move(
      "scale",
      shown(RISEN, EMPTYING + 0.5, SECONDS),
    ),
    part("push of the wet soil", front(row(-THICK_M - 0.02, -1, PAINT.red)), "glow").move(
      "scale",
      shown(SOAKED, EMPTY + 2.5, SECONDS),
    ),
  ];
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [
          [-1.5, TOP_M + 0.08, 0.3],
          "墙后的土里有水：向外推墙（红箭头）",
          "Water in the soil pushes the wall outwards (red arrows)",
        ],
        [
          [-0.2, TOP_M + CAP_M, -0.2],
          "石盖、九层砖、七层石",
          "Stone cap, nine courses of brick, seven of stone",
        ],
        [
          [0.9, FLOOR_M + 0.15, 0.3],
          "运河的水顶住墙（绿箭头）；放空后就没有了",
          "The canal holds the wall (green arrows), until it is emptied",
        ],
      ],
      { stem: 0.35, size: 0.15 },
    ),
  );

export default function make(detail) {
  const canal = part("canal", pool([1.2, 1, DEEP_M - 0.02], PAINT.water), "water")
    .at(0.62, FLOOR_M, 0)
    .move(
      "scale",
      [
        [0, LOW_M],
        [0.5, LOW_M],
        [RISEN, HIGH_M],
        [EMPTYING, HIGH_M],
        [EMPTY, LOW_M],
        [SECONDS, LOW_M],
      ].map(([t, y]) => [t, [1, y, 1]]),
    );
  const wet = part("wet soil", box([1.5, 1, 0.01], "#3a5a78"), "water")
    .at(-THICK_M - 0.77, FLOOR_M, DEEP_M / 2 + 0.004)
    .move(
      "scale",
      [
        [0, LOW_M],
        [1.5, LOW_M],
        [SOAKED, HIGH_M - 0.05],
        [EMPTY, HIGH_M - 0.08],
        [DRAINED, LOW_M],
        [SECONDS, LOW_M],
      ].map(([t, y]) => [t, [1, y, 1]]),
    );
  const upright = turned("z", 0);
  const lean = turned("z", -3.2);
  const leaning = new Part("wall")
    .at(0, FLOOR_M, 0)
    .put(part("courses", wall(detail).at(0, -FLOOR_M, 0)))
    .move("rotation", [
      [0, upright],
      [EMPTYING + 0.6, upright],
      [EMPTY + 1.2, lean],
      [SECONDS - 0.5, lean],
      [SECONDS, upright],
    ]);
  const piles = together(
    [-0.35, -0.21, -0.07].flatMap((x) =>
      [-0.5, 0, 0.5].map((z) => box([0.06, 0.1, 0.06], PAINT.darkwood).at(x, 0, z)),
    ),
  );
  return model({
    parts: [
      part("soil", soil()),
      part("piles", piles),
      leaning,
      wet,
      drops(detail),
      pushes(detail),
      canal,
      labels(),
    ],
    seconds: SECONDS,
    still: EMPTY + 1.6,
    view: { turn: 22, tilt: 14 },
  });
}
