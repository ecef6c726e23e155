// A gnomon: a pole, and a ruler that runs north from its foot. The noon shadow of every day of a year is computed for the
// latitude of the stop; the pole's height is an example, not that of an old instrument.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { arrow, ball, box, cylinder, lathe, prism, tube } from "../kit/solids.mjs";
import { radians, turned } from "../kit/vectors.mjs";

/** Latitude of the Temple of the Duke of Zhou: its waypoint in route.geojson. */
const LATITUDE_DEGREES = 35.603;
/** Obliquity of the ecliptic, the sun's greatest declination. */
const OBLIQUITY_DEGREES = 23.44;
const POLE_M = 1.2;
const SUN_M = 2.3;
const SECONDS = 16;
const STEPS = 48;
const STILL_S = 2;

/** The sun's height at noon when the year has turned by a share of a circle, counted from the winter solstice. */
export function noonHeightDegrees(share) {
  const longitude = radians(270 + 360 * share);
  const declination = Math.asin(Math.sin(radians(OBLIQUITY_DEGREES)) * Math.sin(longitude));
  return 90 - LATITUDE_DEGREES + (declination * 180) / Math.PI;
}

const shadowM = (share) => POLE_M / Math.tan(radians(noonHeightDegrees(share)));

function ground({ round, bevel }) {
  const long = shadowM(0) + 0.35;
  const ruler = box([0.34, 0.12, long], PAINT.palestone, bevel(0.02)).at(0, 0.06, -long / 2 - 0.02);
  // A line every tenth of a metre, a longer one every half.
  const lines = each(Math.floor(long * 10), (i) =>
    box([i % 5 === 4 ? 0.3 : 0.16, 0.004, 0.008], PAINT.ink).at(0, 0.178, -(i + 1) / 10),
  );
  const north = prism(
    [
      [-0.09, 0],
      [0.09, 0],
      [0, 0.24],
    ],
    0.02,
    PAINT.red,
  )
    .turn("x", -90)
    .at(0, 0.08, -long - 0.12);
  return together(
    cylinder(1, 0.06, PAINT.limestone, round(48)).stretch(1.25, 1, 2.05).at(0, 0, -0.55),
    ruler,
    lines,
    north,
  );
}

function pole({ round, bevel }) {
  return together(
    box([0.4, 0.16, 0.4], PAINT.stone, bevel(0.03)).at(0, 0.04, 0),
    cylinder(0.035, POLE_M - 0.02, PAINT.bronze, round(14), 0.025).at(0, 0.18, 0),
    lathe(
      [
        [0, 0],
        [0.028, 0],
        [0, 0.03],
      ],
      PAINT.bronze,
      round(14),
    ).at(0, POLE_M + 0.15, 0),
  );
}

/** What does not move: marks on the ruler and the sun's arc in the sky. */
function yearMarks({ round }, tip) {
  // One mark per solar term; those of spring and autumn fall on the same places.
  const marks = together(
    each(13, (i) =>
      ball(0.022, i === 0 || i === 12 ? PAINT.red : PAINT.blue, round(8)).at(0.13, 0.185, -shadowM(i / 24)),
    ),
  );
  const arc = tube(
    each(round(16) + 1, (i) => {
      const a = radians(noonHeightDegrees((i / round(16)) * 0.5));
      return [0, tip + SUN_M * Math.sin(a), SUN_M * Math.cos(a)];
    }),
    0.008,
    PAINT.grey,
    5,
  );
  return [part("marks of the solar terms", marks), part("the noon sun's way in half a year", arc)];
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[-0.3, 0.06, -shadowM(0.5)], "夏至：影最短", "Summer solstice: the shortest shadow"],
        [[-0.3, 0.06, -shadowM(0.25)], "春分、秋分", "Spring and autumn equinox"],
        [[-0.3, 0.06, -shadowM(0)], "冬至：影最长", "Winter solstice: the longest shadow"],
      ],
      { stem: 0.22, size: 0.13 },
    ),
  );

export default function make(detail) {
  const { round } = detail;
  const shares = each(STEPS + 1, (i) => i / STEPS);
  const key = (i) => (i * SECONDS) / STEPS;
  const still = radians(noonHeightDegrees(STILL_S / SECONDS));
  const tip = POLE_M + 0.18;
  // The beam lies along +Y and is leant south by the rest to the zenith.
  const leaning = shares.map((s, i) => [key(i), turned("x", 90 - noonHeightDegrees(s))]);
  const rays = together(
    tube(
      [
        [0, 0, 0],
        [0, SUN_M - 0.2, 0],
      ],
      0.009,
      PAINT.sun,
      5,
    ),
    each(12, (i) => arrowRay((i / 12) * 2 * Math.PI, round)),
    ball(0.16, PAINT.sun, round(20)).at(0, SUN_M, 0),
  );
  const beam = part("sunbeam", rays, "glow").at(0, tip, 0).move("rotation", leaning);
  const reach = shares.map((s, i) => [key(i), [1, POLE_M / Math.sin(radians(noonHeightDegrees(s))), 1]]);
  const end = part(
    "beam to the shadow's end",
    tube(
      [
        [0, 0, 0],
        [0, -1, 0],
      ],
      0.005,
      PAINT.sun,
      5,
    ),
    "glow",
  );
  const lower = new Part("lower beam").at(0, tip, 0).move("rotation", leaning).put(end.move("scale", reach));
  const shadow = part("shadow", box([0.055, 0.004, 1], "#20242b").at(0, 0, -0.5))
    .at(0, 0.181, 0)
    .move(
      "scale",
      shares.map((s, i) => [key(i), [1, 1, shadowM(s)]]),
    );
  return model({
    parts: [
      part("ground and ruler", ground(detail)),
      part("pole", pole(detail), "metal"),
      yearMarks(detail, tip),
      beam,
      lower,
      shadow,
      labels(),
    ],
    seconds: SECONDS,
    still: STILL_S,
    // In the picture the lamp stands where the model's sun stands.
    view: { turn: 68, tilt: 22, lamp: [0, Math.sin(still), Math.cos(still)] },
  });
}

const arrowRay = (a, round) =>
  arrow(
    [0.2 * Math.cos(a), SUN_M + 0.2 * Math.sin(a), 0],
    [0.3 * Math.cos(a), SUN_M + 0.3 * Math.sin(a), 0],
    0.012,
    PAINT.sun,
    round(5),
  );
