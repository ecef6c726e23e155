// A thousand years on a dial: three lengths of the year, and how far the reckoned winter solstice has then drifted from the
// true one. The lengths are those of the exhibit's text; the drift is computed. One turn of the dial is one year.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, prism, tube } from "../kit/solids.mjs";
import { turned } from "../kit/vectors.mjs";

/** Mean tropical year, days. */
const TRUE_YEAR_DAYS = 365.2422;
const YEARS = 1000;
const RECKONED = [
  { days: 365, tint: "#d9482b", reach: 0.98, front: 0.05 },
  { days: 365.25, tint: "#2f7fd0", reach: 0.8, front: 0.08 },
  { days: 365.2422, tint: "#2f9a55", reach: 0.62, front: 0.11 },
];
const RADIUS_M = 1.2;
const AXIS_M = 1.5;
const SECONDS = 15;
const [START, END] = [1, 12];

/** Days by which the reckoned solstice is late after a thousand years; negative is early. */
export const driftDays = (days) => (days - TRUE_YEAR_DAYS) * YEARS;
/** On the dial later dates follow clockwise, which is a negative turn about +z. */
const degrees = (days) => (-driftDays(days) / TRUE_YEAR_DAYS) * 360;

function dial({ round, bevel }) {
  const n = round(72);
  const ring = (r, w, tint) =>
    lathe(
      [
        [r - w, 0],
        [r, 0],
        [r, 0.05],
        [r - w, 0.05],
        [r - w, 0],
      ],
      tint,
      n,
    ).turn("x", 90);
  const ticks = each(73, (i) =>
    box([i % 6 ? 0.008 : 0.02, i % 6 ? 0.06 : 0.11, 0.01], PAINT.ink)
      .at(0, RADIUS_M - 0.14, 0.03)
      .turn("z", (-i / 73) * 360),
  );
  return together(
    cylinder(RADIUS_M, 0.04, PAINT.paper, n).turn("x", 90).at(0, 0, -0.02),
    ring(RADIUS_M + 0.06, 0.08, PAINT.bronze),
    ring(RADIUS_M - 0.16, 0.015, PAINT.brass),
    ticks,
    box([0.22, AXIS_M + 0.1, 0.12], PAINT.darkwood, bevel(0.02)).at(0, -AXIS_M + 0.02, -0.12),
    box([1.4, 0.12, 0.8], PAINT.stone, bevel(0.03)).at(0, -AXIS_M, 0),
  );
}

const hand = (reach, tint) =>
  prism(
    [
      [-0.035, -0.12],
      [0.035, -0.12],
      [0.022, reach * RADIUS_M - 0.16],
      [0.06, reach * RADIUS_M - 0.16],
      [0, reach * RADIUS_M],
      [-0.06, reach * RADIUS_M - 0.16],
      [-0.022, reach * RADIUS_M - 0.16],
    ],
    0.025,
    tint,
  );

/** The coloured gap between a hand and the true solstice, once the thousand years are over. */
function gap({ days, tint, reach }, detail) {
  const total = degrees(days);
  const steps = Math.max(2, detail.round(Math.ceil(Math.abs(total) / 6)));
  const r = RADIUS_M * (reach - 0.13);
  const path = each(steps + 1, (i) => {
    const a = Math.PI / 2 + ((total * i) / steps / 180) * Math.PI;
    return [r * Math.cos(a), r * Math.sin(a), 0.055];
  });
  return part(`gap of ${days} days`, tube(path, 0.022, tint, 6), "glow")
    .at(0, AXIS_M, 0)
    .move("scale", shown(END, SECONDS - 0.3, SECONDS));
}

/** Ten beads under the dial: one lights up for each century. */
function centuries({ round }) {
  const place = (i) => [(i - 4.5) * 0.13, 0.2, 0.3];
  const dark = part(
    "ten centuries",
    together(each(10, (i) => ball(0.045, PAINT.grey, round(10)).at(...place(i)))),
  );
  const lit = each(10, (i) =>
    part(`century ${i + 1}`, ball(0.052, PAINT.sun, round(10)), "glow")
      .at(...place(i))
      .move("scale", shown(START + ((i + 1) / 10) * (END - START), SECONDS - 0.3, SECONDS)),
  );
  return [dark, ...lit];
}

export default function make(detail) {
  const hands = RECKONED.map(({ days, tint, reach, front }) => {
    // In quarters, so that a turn of more than half a circle goes the right way round.
    const keys = each(9, (i) => [START + (i / 8) * (END - START), turned("z", (degrees(days) * i) / 8)]);
    const first = turned("z", 0);
    const last = keys.at(-1)[1];
    return part(`hand of ${days} days`, hand(reach, tint))
      .at(0, AXIS_M, front)
      .move("rotation", [[0, first], ...keys, [SECONDS - 0.3, last], [SECONDS, first]]);
  });
  const truth = part(
    "true solstice",
    together(
      prism(
        [
          [-0.1, 0],
          [0.1, 0],
          [0, -0.2],
        ],
        0.05,
        PAINT.roof,
      ),
      ball(0.06, PAINT.roof, detail.round(12)).at(0, 0.06, 0),
    ),
  ).at(0, AXIS_M + RADIUS_M + 0.16, 0.03);
  const axis = part(
    "axis",
    cylinder(0.07, 0.16, PAINT.brass, detail.round(16)).turn("x", 90).at(0, AXIS_M, 0),
    "metal",
  );
  return model({
    parts: [
      part("dial", dial(detail)).at(0, AXIS_M, 0),
      truth,
      hands,
      axis,
      RECKONED.slice(0, 2).map((one) => gap(one, detail)),
      centuries(detail),
      new Part("pins").put(
        pins(
          [
            [
              [0.12, AXIS_M + RADIUS_M + 0.05, 0],
              "真正的冬至（金色标记）",
              "The true winter solstice (golden mark)",
            ],
            [[-0.55, 0.12, 0.3], "一颗珠子代表一百年", "One bead is a hundred years"],
          ],
          { stem: 0.12, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 13.5,
    view: { turn: 16, tilt: 8 },
  });
}
