// The Northern Dipper as the chariot of the sky god: carved on a slab, and turning round the pole as one sees it when facing
// north. The seven stars stand where they stand in the sky; slab, god and chariot are a schematic after the relief.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, tube } from "../kit/solids.mjs";
import { add, minus, radians, rotate, times, turned } from "../kit/vectors.mjs";

/** Right ascension in hours and declination in degrees, J2000, Yale Bright Star Catalogue: bowl first, handle last. */
export const STARS = [
  [11.062, 61.75],
  [11.031, 56.38],
  [11.897, 53.69],
  [12.257, 57.03],
  [12.9, 55.96],
  [13.399, 54.93],
  [13.792, 49.31],
];
const M_PER_DEGREE = 0.029;
const SECONDS = 24;
const SKY_M = 1.45;
const POLE_Y_M = 2.2;
/** How much larger the carved chariot is than the one in the sky. */
const CARVED = 1.75;

/** Round the pole as one sees it facing north: east is on the right, so hours run clockwise. */
export const place = ([hours, declination]) => {
  const [r, a] = [(90 - declination) * M_PER_DEGREE, radians(-hours * 15)];
  return [r * Math.cos(a), r * Math.sin(a), 0];
};

const LINES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
  [3, 4],
  [4, 5],
  [5, 6],
];

function constellation(star, line, { round }) {
  const at = STARS.map(place);
  return together(
    at.map((p) => ball(star, PAINT.sun, round(12)).at(...p)),
    LINES.map(([a, b]) => tube([at[a], at[b]], line, "#9fc4e8", round(6))),
  );
}

function sky({ round, bevel }) {
  const n = round(64);
  const ring = (r, tint) =>
    tube(
      each(n + 1, (i) => [r * Math.cos((i / n) * 2 * Math.PI), r * Math.sin((i / n) * 2 * Math.PI), 0.03]),
      0.012,
      tint,
      5,
    );
  const marks = each(24, (i) =>
    box([0.014, i % 6 ? 0.07 : 0.14, 0.02], PAINT.paper)
      .at(0, SKY_M - 0.17, 0.03)
      .turn("z", i * 15),
  );
  return together(
    cylinder(SKY_M, 0.05, "#1d2a44", n).turn("x", 90).at(0, 0, -0.02),
    ring(SKY_M, PAINT.bronze),
    ring(40 * M_PER_DEGREE, "#4a5f86"),
    marks,
    [-0.7, 0.7].map((x) =>
      box([0.12, POLE_Y_M - 0.2, 0.12], PAINT.darkwood, bevel(0.02)).at(x, -POLE_Y_M + 0.05, -0.1),
    ),
    box([2.2, 0.12, 1.5], PAINT.stone, bevel(0.03)).at(0, -POLE_Y_M, 0.4),
  );
}

/** The carved slab in front: the bowl is the chariot's box, the god sits in it, the handle is its shaft. */
function slab({ round, bevel }) {
  // The pattern is turned so that the shaft lies level to the left and the bowl is open above, and brought to the middle of the stone.
  const stars = STARS.map(place);
  const shaft = minus(stars[6], stars[0]);
  const level = turned("z", 180 - (Math.atan2(shaft[1], shaft[0]) * 180) / Math.PI);
  const flat = constellation(0.03, 0.011, { round }).aim(level).stretch(CARVED, CARVED, 0.6);
  const middle = middleOf(flat);
  const carved = flat.at(-middle[0], -middle[1] + 0.46, 0.09);
  const bowl = times(
    stars
      .slice(0, 4)
      .map((p) => rotate(level, p))
      .reduce(add),
    CARVED / 4,
  );
  carved.faces = carved.faces.map((f) => ({ ...f, tint: f.tint.map(() => [0.42, 0.41, 0.38]) }));
  const god = together(
    lathe(
      [
        [0, 0],
        [0.14, 0],
        [0.1, 0.16],
        [0.06, 0.22],
        [0, 0.23],
      ],
      "#8e8c85",
      round(12),
    ),
    ball(0.055, "#8e8c85", round(10)).at(0, 0.27, 0),
    box([0.09, 0.05, 0.06], "#8e8c85").at(0, 0.31, 0),
  ).stretch(1, 1, 0.4);
  const clouds = each(4, (i) =>
    tube(
      each(10, (k) => [0.07 * (1 - k / 12) * Math.cos(k * 0.9), 0.07 * (1 - k / 12) * Math.sin(k * 0.9), 0]),
      0.014,
      "#6f6d67",
      5,
    ).at(-0.6 + i * 0.4, 0.17, 0.07),
  );
  return together(
    box([1.9, 0.78, 0.14], "#3d3f42", bevel(0.02)),
    each(2, (i) => box([1.9, 0.04, 0.17], "#55575a", bevel(0.008)).at(0, i * 0.74, 0)),
    carved,
    god.at(bowl[0] - middle[0], bowl[1] - middle[1] + 0.4, 0.09),
    clouds,
  );
}

function middleOf(shape) {
  const points = shape.faces.flatMap(({ at }) => at);
  return [0, 1].map((k) => (Math.min(...points.map((p) => p[k])) + Math.max(...points.map((p) => p[k]))) / 2);
}

export default function make(detail) {
  const turns = each(13, (i) => [(i * SECONDS) / 12, turned("z", i * 30)]);
  const stars = part("the Dipper turning round the pole", constellation(0.05, 0.014, detail), "glow")
    .at(0, POLE_Y_M, 0.12)
    .move("rotation", turns);
  const pole = part("the still point", ball(0.045, "#ffffff", detail.round(12)), "glow").at(0, POLE_Y_M, 0.1);
  const [x, y] = [SKY_M + 0.02, POLE_Y_M];
  return model({
    parts: [
      part("sky", sky(detail)).at(0, POLE_Y_M, 0),
      stars,
      pole,
      part("carved slab", slab(detail)).at(0, 0.12, 0.95).turn(turned("x", -12)),
      new Part("pins").put(
        pins(
          [
            [
              [x + 0.05, y - 0.1, 0],
              "东：傍晚斗柄指东，是春天",
              "East: the handle points here on spring evenings",
            ],
            [[0, y + SKY_M, 0], "南（上方）：夏天", "South (above): summer"],
            [[-x - 0.05, y - 0.1, 0], "西：秋天", "West: autumn"],
            [[0, y - SKY_M + 0.02, 0.1], "北（下方）：冬天", "North (below): winter"],
          ],
          { stem: 0.06, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 4,
    view: { turn: 18, tilt: 8 },
  });
}
