// A grain barge in a narrow lock, first bare, then with bundles of bamboo: it floats higher, and its bump against the wall is
// softer. Schematic: depth of floating and strength of the blow are made to be seen.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, lathe, pool, prism } from "../kit/solids.mjs";
import { grainBoat } from "../kit/things.mjs";

const SECONDS = 16;
const HALF = SECONDS / 2;
const [LONG_M, LOCK_M, WALL_M] = [3.2, 1.5, 1.0];
const WATER_M = 0.62;
const BOAT = { length: 2.1, beam: 0.66, depth: 0.42 };
const [BARE_Y_M, BAMBOO_Y_M] = [WATER_M - 0.34, WATER_M - 0.22];
/** Room between the hull's side and the wall; a bundle takes up part of it and is squeezed. */
const ROOM_M = (LOCK_M - BOAT.beam) / 2;
const BUNDLE_M = 0.11;
const SQUEEZE_M = 0.05;

function walls({ bevel }) {
  const wall = (z, high) =>
    each(high, (row) =>
      each(6, (i) => {
        const wide = LONG_M / 6;
        const tint = (row + i) % 2 ? PAINT.stone : "#b5b1a7";
        return box([wide - 0.008, 0.24, 0.36], tint, bevel(0.014)).at(
          (i - 2.5) * wide + (row % 2 ? 0.06 : -0.06),
          0.08 + row * 0.245,
          z,
        );
      }),
    );
  return together(
    box([LONG_M + 0.4, 0.08, LOCK_M + 0.9], PAINT.darkearth),
    wall(-LOCK_M / 2 - 0.18, 4),
    wall(LOCK_M / 2 + 0.18, 1),
  );
}

/** Poles of bamboo, tied with rope, along one side of the hull. */
function bundle({ round, few }) {
  const spots = [
    [0, 0],
    [0.075, 0.02],
    [-0.07, 0.03],
    [0.03, 0.085],
    [-0.04, 0.1],
    [0.0, -0.07],
    [0.07, -0.06],
  ];
  const poles = spots.map(([y, z], i) => {
    const nodes = few(5);
    const tint = ["#c5bd55", "#a9b04a", "#d0c468"][i % 3];
    const knots = each(nodes, (k) =>
      cylinder(0.043, 0.02, "#8b8f3c", round(8)).at(0, ((k + 0.6) / nodes) * 1.75, 0),
    );
    return together(cylinder(0.036, 1.8, tint, round(8)), knots)
      .turn("z", 90)
      .at(0.9 + (i % 2) * 0.05, y, z * 0.6);
  });
  const ties = [-0.6, 0, 0.6].map((x) =>
    cylinder(0.118, 0.05, PAINT.rope, round(12)).stretch(1, 1, 0.72).turn("z", 90).at(x, 0.01, 0.01),
  );
  return together(poles, ties);
}

/** Sideways motion: out to the near wall, and back; bare it stops dead, with bamboo it is slowed. */
const drift = [
  [0, [0, BARE_Y_M, 0]],
  [1.5, [0, BARE_Y_M, 0]],
  [3.2, [0, BARE_Y_M, -ROOM_M]],
  [3.5, [0, BARE_Y_M, -ROOM_M + 0.1]],
  [5, [0, BARE_Y_M, -0.05]],
  [HALF - 0.4, [0, BARE_Y_M, 0]],
  [HALF + 0.8, [0, BAMBOO_Y_M, 0]],
  [HALF + 2, [0, BAMBOO_Y_M, 0]],
  [HALF + 3.3, [0, BAMBOO_Y_M, -ROOM_M + BUNDLE_M * 2]],
  [HALF + 4.1, [0, BAMBOO_Y_M, -ROOM_M + BUNDLE_M * 2 - SQUEEZE_M]],
  [HALF + 5, [0, BAMBOO_Y_M, -ROOM_M + BUNDLE_M * 2 + 0.02]],
  [HALF + 6.4, [0, BAMBOO_Y_M, 0]],
  [SECONDS - 0.6, [0, BAMBOO_Y_M, 0]],
  [SECONDS, [0, BARE_Y_M, 0]],
];

/** A star of rays where hull meets wall: large for a hard blow, small for a soft one. */
function blow(size, from, to) {
  const star = prism(
    each(16, (i) => {
      const r = i % 2 ? size * 0.42 : size;
      return [r * Math.cos((i / 16) * 2 * Math.PI), r * Math.sin((i / 16) * 2 * Math.PI)];
    }),
    0.02,
    "#ff5a2a",
  );
  return part(`blow of size ${size}`, star, "glow")
    .at(0.2, WATER_M + 0.42, -LOCK_M / 2 + 0.1)
    .move("scale", shown(from, to, SECONDS));
}

/** A gauge on the far wall's end: how high the boat's edge stands above the water. */
function gauge(detail) {
  const marks = each(10, (i) => box([0.1, 0.04, 0.03], i % 2 ? PAINT.red : PAINT.paper).at(0, i * 0.05, 0));
  const hand = part(
    "hand on the gauge",
    lathe(
      [
        [0, 0],
        [0.05, 0],
        [0, 0.16],
      ],
      PAINT.blue,
      detail.round(10),
    )
      .turn("z", 90)
      .at(0.24, 0, 0.02),
  );
  const edge = (y) => [0, y + BOAT.depth - WATER_M, 0];
  hand.move("translation", [
    [0, edge(BARE_Y_M)],
    [HALF - 0.4, edge(BARE_Y_M)],
    [HALF + 0.8, edge(BAMBOO_Y_M)],
    [SECONDS - 0.6, edge(BAMBOO_Y_M)],
    [SECONDS, edge(BARE_Y_M)],
  ]);
  return part("gauge", together(marks, box([0.14, 0.62, 0.02], PAINT.darkwood).at(0, -0.06, -0.02)))
    .at(1.35, WATER_M, 0.66)
    .put(hand);
}

export default function make(detail) {
  const bundles = [-1, 1].map((s) =>
    part(`bundle ${s}`, bundle(detail).at(0, 0.26, s * (BOAT.beam / 2 + 0.08))).move(
      "scale",
      shown(HALF - 0.2, SECONDS - 0.5, SECONDS),
    ),
  );
  const boat = part("grain barge", grainBoat(BOAT, detail)).move("translation", drift).put(bundles);
  const water = part(
    "water",
    pool([LONG_M - 0.04, WATER_M - 0.08, LOCK_M - 0.02], PAINT.water).at(0, 0.08, 0),
    "water",
  );
  const post = part("gauge post", box([0.1, WATER_M, 0.04], PAINT.darkwood).at(1.35, 0.06, 0.62));
  return model({
    parts: [
      part("lock", walls(detail)),
      boat,
      water,
      post,
      gauge(detail),
      blow(0.34, 3.15, 3.9),
      blow(0.14, HALF + 3.7, HALF + 4.6),
      new Part("pins").put(
        pins(
          [
            [
              [0.7, WALL_M + 0.06, -LOCK_M / 2 - 0.18],
              "撞击：没有竹子时猛，有竹子时轻",
              "The blow: hard without bamboo, soft with it",
            ],
            [
              [1.35, WATER_M + 0.52, 0.66],
              "船舷高出水面多少：加上竹子就更高",
              "How high the side stands above the water: higher with bamboo",
            ],
          ],
          { stem: 0.26, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: HALF + 4,
    view: { turn: 26, tilt: 28 },
  });
}
