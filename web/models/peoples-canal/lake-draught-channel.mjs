// A lake cut open while its level sinks: the boat of deep draught keeps afloat in the dredged channel, the middle one runs
// aground on the shallow bed, the flat one still floats among the lotus. Schematic: depths and draughts are made to be seen.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, pool, tube } from "../kit/solids.mjs";
import { grainBoat, hull, person } from "../kit/things.mjs";
import { chance, turned } from "../kit/vectors.mjs";

const SECONDS = 16;
const [LONG_M, WIDE_M] = [4, 1.9];
const [BED_M, CHANNEL_M] = [0.5, 0.1];
/** The channel lies between these places along x. */
const CHANNEL = [-0.65, 0.55];
const LEVELS = [
  [0, 1.02],
  [2, 1.02],
  [9, 0.66],
  [13, 0.66],
  [SECONDS, 1.02],
];
const BOATS = [
  {
    name: "deep boat",
    x: -0.05,
    draught: 0.34,
    bed: CHANNEL_M,
    size: { length: 1.25, beam: 0.46, depth: 0.46 },
  },
  {
    name: "middle boat",
    x: 1.35,
    draught: 0.24,
    bed: BED_M,
    size: { length: 0.95, beam: 0.36, depth: 0.34 },
  },
];
const FLAT = { x: -1.35, draught: 0.06 };

function bottom({ bevel }) {
  const [a, b] = CHANNEL;
  const piece = (x0, x1, y, tint) => box([x1 - x0, y, WIDE_M], tint).at((x0 + x1) / 2, 0, 0);
  const slopes = [
    [a - 0.25, a, 1],
    [b, b + 0.25, -1],
  ].map(([x0, x1, way]) =>
    each(4, (i) => {
      const w = (x1 - x0) / 4;
      const step = way > 0 ? 4 - i : i + 1;
      return piece(x0 + i * w, x0 + (i + 1) * w, CHANNEL_M + ((BED_M - CHANNEL_M) * step) / 5, "#8a7350");
    }),
  );
  // The wharf stands at the east end, on piles.
  const wharf = together(
    box([0.5, 0.08, WIDE_M - 0.3], PAINT.wood, bevel(0.01)).at(LONG_M / 2 - 0.25, 1.1, 0),
    [-0.6, 0, 0.6].flatMap((z) =>
      [0.1, 0.42].map((x) => box([0.07, 1.1 - BED_M, 0.07], PAINT.darkwood).at(LONG_M / 2 - x, BED_M, z)),
    ),
    each(3, (i) =>
      box([0.2, 0.18, 0.24], PAINT.palewood, bevel(0.01)).at(LONG_M / 2 - 0.22, 1.18, -0.55 + i * 0.3),
    ),
  );
  return together(
    piece(-LONG_M / 2, a - 0.25, BED_M, "#8a7350"),
    piece(a, b, CHANNEL_M, "#7a6444"),
    piece(b + 0.25, LONG_M / 2, BED_M, "#8a7350"),
    slopes,
    wharf,
  );
}

/** Lotus in the west: stems from the bed, leaves and flowers above the high water. */
function lotus({ round }) {
  const random = chance(23);
  return together(
    each(15, (i) => {
      const [x, z, y] = [-1.98 + random() * 1.0, (random() - 0.5) * (WIDE_M - 0.2), 1.06 + random() * 0.16];
      const flower = i % 4 === 0;
      const top = flower
        ? each(6, (k) =>
            ball(0.045, "#e58fb0", round(7))
              .stretch(0.7, 1.5, 0.5)
              .turn("x", 28)
              .at(0, 0.03, 0.045)
              .turn("y", k * 60)
              .at(x, y + 0.08, z),
          )
        : lathe(
            [
              [0, 0],
              [0.14, 0.035],
              [0.15, 0.045],
              [0.02, 0.03],
              [0, 0.03],
            ],
            i % 2 ? "#5f9a4d" : "#70a957",
            round(14),
          ).at(x, y, z);
      return together(
        tube(
          [
            [x, BED_M, z],
            [x, y + 0.03, z],
          ],
          0.012,
          "#4d7a3d",
          5,
        ),
        top,
      );
    }),
  );
}

/** Floating, a boat lies by its draught; aground it stays on the bed and leans. */
function boat({ name, x, draught, bed, size }, detail) {
  const keys = [];
  const leans = [];
  each(33, (i) => {
    const t = (i / 32) * SECONDS;
    const free = levelAt(t) - draught;
    keys.push([t, [x, Math.max(free, bed), 0]]);
    leans.push([t, turned("x", free < bed ? Math.min(12, (bed - free) * 110) : 0)]);
  });
  return part(name, grainBoat(size, detail)).move("translation", keys).move("rotation", leans);
}

function levelAt(t) {
  const i = LEVELS.findIndex(([s]) => s > t);
  if (i < 0) return LEVELS.at(-1)[1];
  const [[a, p], [b, q]] = [LEVELS[i - 1], LEVELS[i]];
  return p + ((q - p) * (t - a)) / (b - a);
}

function flatBoat(detail) {
  const shape = together(
    hull({ length: 0.6, beam: 0.24, depth: 0.11 }, detail),
    person(0.42, PAINT.rust, detail).turn("y", 90).at(-0.1, 0.08, 0),
    tube(
      [
        [0.05, 0.1, 0.1],
        [0.15, 0.75, 0.16],
      ],
      0.01,
      PAINT.palewood,
      5,
    ),
  );
  return part("flat boat", shape)
    .turn(turned("y", 20))
    .move(
      "translation",
      LEVELS.map(([t, y]) => [t, [FLAT.x, y - FLAT.draught, 0.45]]),
    );
}

/** A gauge in the cut face: the level against the bed. */
const gauge = (detail) =>
  together(
    each(9, (i) =>
      box([0.07, 0.06, 0.03], i % 2 ? PAINT.red : PAINT.paper).at(
        CHANNEL[1] + 0.42,
        BED_M + i * 0.06,
        WIDE_M / 2 + 0.02,
      ),
    ),
    cylinder(0.02, BED_M, PAINT.darkwood, detail.round(8)).at(CHANNEL[1] + 0.42, 0, WIDE_M / 2 + 0.02),
  );

export default function make(detail) {
  const water = part("water", pool([LONG_M - 0.02, 1, WIDE_M - 0.02], PAINT.water), "water")
    .at(0, 0.02, 0)
    .move(
      "scale",
      LEVELS.map(([t, y]) => [t, [1, y - 0.02, 1]]),
    );
  return model({
    parts: [
      part("bed and wharf", bottom(detail)),
      part("lotus", lotus(detail)),
      part("gauge", gauge(detail)),
      BOATS.map((one) => boat(one, detail)),
      flatBoat(detail),
      water,
      new Part("pins").put(
        pins(
          [
            [
              [-0.05, 0.6, WIDE_M / 2 + 0.02],
              "挖深的航道：重船在枯水时也能走",
              "Dredged channel: the heavy boat floats even at low water",
            ],
            [
              [1.5, 0.95, WIDE_M / 2 - 0.15],
              "吃水大于水深：船搁浅了",
              "Draught greater than depth: the boat runs aground",
            ],
            [
              [-1.75, 0.95, WIDE_M / 2 - 0.1],
              "平底小船吃水浅，还能走",
              "The flat boat draws little and still floats",
            ],
          ],
          { stem: 0.5, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 10,
    view: { turn: 16, tilt: 20 },
  });
}
