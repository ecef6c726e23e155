// A balance with equal arms, as the beam and ring weights from well J3 of Zhu must have been used. Schematic: sizes and
// weights are chosen to be seen, not measured on the finds.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, tube } from "../kit/solids.mjs";
import { turned } from "../kit/vectors.mjs";

const SECONDS = 16;
const ARM_M = 0.85;
const HANG_M = 1.55;
/** When each of the three rings is hung on, and how far the beam then leans (degrees, towards the merchant's side). */
const RINGS = [
  { at: 3, radius: 0.17, y: 0.07 },
  { at: 6, radius: 0.14, y: 0.14 },
  { at: 9, radius: 0.11, y: 0.2 },
];
const LEANS = [
  [0, -14],
  [2.8, -14],
  [3.6, -10.5],
  [4, -9.5],
  [5.8, -9.5],
  [6.6, -5],
  [7, -4.5],
  [8.8, -4.5],
  [9.6, 1],
  [10.2, -0.6],
  [10.8, 0],
  [14.5, 0],
  [15.5, -14],
  [16, -14],
];

const circle = (radius, n) =>
  each(n + 1, (i) => [radius * Math.cos((i / n) * 2 * Math.PI), 0, radius * Math.sin((i / n) * 2 * Math.PI)]);

function stand({ round, bevel }) {
  return together(
    box([2.4, 0.1, 0.8], PAINT.darkwood, bevel(0.02)),
    [-1, 1].map((s) => box([0.12, 1.95, 0.12], PAINT.wood, bevel(0.015)).at(s * 1.1, 0.1, 0)),
    [-1, 1].map((s) => prismFoot(s, bevel)),
    box([2.5, 0.14, 0.16], PAINT.wood, bevel(0.02)).at(0, 2.0, 0),
    tube(
      [
        [0, 2.0, 0],
        [0, HANG_M + 0.08, 0],
      ],
      0.015,
      PAINT.rope,
      round(6),
    ),
  );
}

const prismFoot = (s, bevel) => box([0.16, 0.3, 0.5], PAINT.wood, bevel(0.02)).at(s * 1.1, 0.1, 0);

function beam({ round, bevel }) {
  const pointer = lathe(
    [
      [0, 0],
      [0.03, 0],
      [0, 0.3],
    ],
    PAINT.red,
    round(6),
  );
  const shape = together(
    box([ARM_M * 2 + 0.06, 0.09, 0.05], PAINT.bronze, bevel(0.02)).at(0, -0.045, 0),
    [-1, 1].map((s) => ball(0.05, PAINT.bronze, round(10)).at(s * ARM_M, 0, 0)),
    tube(circle(0.06, round(16)), 0.018, PAINT.bronze, round(6))
      .turn("x", 90)
      .at(0, 0.08, 0),
    // A mark every tenth of an arm: the beam was a standard of length too.
    each(17, (i) => box([0.012, 0.1, 0.056], PAINT.ink).at((i - 8) * 0.1, -0.05, 0)),
  );
  return part("beam", shape, "metal").add(pointer.at(0, 0.12, 0));
}

function pan(name, { round }) {
  const cords = [0, 1, 2].map((i) => {
    const a = (i / 3) * 2 * Math.PI + 0.5;
    return tube(
      [
        [0, 0, 0],
        [0.26 * Math.cos(a), -0.75, 0.26 * Math.sin(a)],
      ],
      0.008,
      PAINT.rope,
      5,
    );
  });
  const dish = lathe(
    [
      [0, -0.8],
      [0.2, -0.79],
      [0.29, -0.74],
      [0.28, -0.73],
      [0.19, -0.77],
      [0, -0.78],
    ],
    PAINT.brass,
    round(24),
  );
  return part(name, together(cords)).add(dish, "metal");
}

/** The pans keep hanging straight down while the beam leans. */
const lean = (sign) => LEANS.map(([t, degrees]) => [t, turned("z", sign * degrees)]);

export default function make(detail) {
  const { round } = detail;
  const rings = RINGS.map(({ at, radius, y }, i) =>
    part(`ring weight ${i + 1}`, tube(circle(radius, round(28)), 0.035, PAINT.bronze, round(10)), "metal")
      .at(0, -0.82 + y, 0)
      .move("scale", shown(at - 0.2, 14.8, SECONDS)),
  );
  const merchant = part(
    "merchant's weight",
    together(
      lathe(
        [
          [0, -0.78],
          [0.12, -0.78],
          [0.15, -0.72],
          [0.13, -0.52],
          [0.05, -0.46],
          [0, -0.46],
        ],
        PAINT.iron,
        round(20),
      ),
      tube(circle(0.05, round(12)), 0.015, PAINT.iron, round(6))
        .turn("x", 90)
        .at(0, -0.42, 0),
    ),
  );
  const left = pan("pan with ring weights", detail).at(-ARM_M, 0, 0).move("rotation", lean(-1)).put(rings);
  const right = pan("merchant's pan", detail).at(ARM_M, 0, 0).move("rotation", lean(-1)).put(merchant);
  const swinging = beam(detail).at(0, HANG_M, 0).move("rotation", lean(1)).put(left, right);
  const frame = part("stand", stand(detail)).add(
    cylinder(0.05, 0.02, PAINT.brass, round(12)).at(0, 0.1, 0),
    "metal",
  );
  return model({
    parts: [
      frame,
      swinging,
      new Part("pins").put(
        pins(
          [
            [[-0.85, 0.1, 0.36], "标准环权，一枚一枚加上", "Standard ring weights, added one by one"],
            [[0.85, 0.1, 0.36], "商人的砝码", "The merchant’s weight"],
            [[0.25, 2.14, 0], "提纽：支点在两臂正中", "Suspension: the pivot is midway between the arms"],
          ],
          { stem: 0.14, size: 0.13 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 7.8,
    view: { turn: 22, tilt: 14 },
  });
}
