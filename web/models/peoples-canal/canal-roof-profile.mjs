// The Grand Canal as a roof: highest at Nanwang, falling north and south in steps behind locks, fed at the ridge by the
// Wen. Lengths, heights and the number of locks are a schematic; the shares of the water and how the two falls compare
// come from the facts of the waypoint.
import { each, model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { arrow, ball, box, prism } from "../kit/solids.mjs";
import { cypress, grainBoat, hall } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

/** Nanwang stands 90 chi above Linqing in the north and 116 chi above Gutou in the south: Ming shi. */
const FALL_CHI = { north: 90, south: 116 };
/** Seven parts of the water go north, three south: baitongwang.com, 2023-08-24. */
const PARTS = { north: 7, south: 3 };
const RIDGE_M = 1.15;
/** So that the longer fall ends just above the ground. */
const M_PER_CHI = 0.85 / FALL_CHI.south;
const POOLS = 4;
const POOL_M = 0.55;
const TOP_M = 0.7;
const WIDE_M = 0.8;
const CANAL_M = 0.32;
const SECONDS = 16;

/** Pools from the ridge outwards: where each starts and ends along the canal, and its height. */
function pools(side) {
  const fall = (FALL_CHI[side] * M_PER_CHI) / POOLS;
  return each(POOLS, (i) => ({
    from: TOP_M / 2 + i * POOL_M,
    to: TOP_M / 2 + (i + 1) * POOL_M,
    y: RIDGE_M - (i + 1) * fall,
  }));
}

/** Built along x with the ridge in the middle; the whole is turned so that +x lies north and the feeder comes in from the east. */
function body({ bevel }) {
  const shape = together(bank(-TOP_M / 2, TOP_M / 2, RIDGE_M, true));
  for (const [side, s] of [
    ["north", 1],
    ["south", -1],
  ]) {
    for (const { from, to, y } of pools(side)) {
      shape.join(bank(Math.min(s * from, s * to), Math.max(s * from, s * to), y, false));
      shape.join(lock(s * from, y, RIDGE_M, bevel));
    }
  }
  return shape;
}

/** A stretch of canal: earth, two grass banks; at the ridge the near bank is open for the feeder. */
function bank(x0, x1, y, open) {
  const [l, m] = [x1 - x0, (x0 + x1) / 2];
  const side = (WIDE_M - CANAL_M) / 2;
  const far = box([l, y, side], PAINT.grass).at(m, 0, -(WIDE_M - side) / 2);
  const strip = (from, to) =>
    box([to - from, y, side], PAINT.grass).at((from + to) / 2, 0, (WIDE_M - side) / 2);
  const near = open ? together(strip(x0, -0.16), strip(0.16, x1)) : strip(x0, x1);
  // At the ridge the bed goes on under the feeder's mouth.
  const wide = open ? CANAL_M + side - 0.01 : CANAL_M;
  const bed = box([l - 0.01, y - 0.12, wide], PAINT.darkearth).at(m, 0, (wide - CANAL_M) / 2);
  return together(far, near, bed);
}

function lock(x, y, _top, bevel) {
  return together(
    [-1, 1].map((s) =>
      box([0.16, y + 0.3, 0.14], PAINT.stone, bevel(0.015)).at(x, 0, s * (CANAL_M / 2 + 0.02)),
    ),
  );
}

/** Boards that hold the upper pool: each reaches from the lower water to the upper. */
function gates() {
  return together(
    [
      ["north", 1],
      ["south", -1],
    ].map(([side, s]) =>
      pools(side).map(({ from, y }, i) => {
        const upper = i === 0 ? RIDGE_M : pools(side)[i - 1].y;
        return each(4, (k) =>
          box([0.04, (upper - y + 0.1) / 4 - 0.006, CANAL_M - 0.08], PAINT.wood).at(
            s * from,
            y - 0.12 + (k * (upper - y + 0.1)) / 4,
            0,
          ),
        );
      }),
    ),
  );
}

function water() {
  const sheet = (x0, x1, y, wide, z = 0) =>
    box([Math.abs(x1 - x0) - 0.02, 0.07, wide], PAINT.water).at((x0 + x1) / 2, y - 0.115, z);
  return together(
    sheet(-TOP_M / 2, TOP_M / 2, RIDGE_M, CANAL_M),
    box([0.3, 0.07, 1.6], PAINT.water).at(0, RIDGE_M - 0.115, CANAL_M / 2 + 0.8),
    [
      ["north", 1],
      ["south", -1],
    ].map(([side, s]) => pools(side).map(({ from, to, y }) => sheet(s * from, s * to, y, CANAL_M))),
  );
}

function feeder({ bevel }) {
  const wall = prism(
    [
      [0, 0],
      [1.4, 0],
      [1.4, RIDGE_M + 0.05],
      [0, RIDGE_M],
    ],
    0.2,
    PAINT.grass,
    PAINT.earth,
  ).turn("y", -90);
  return together(
    wall.copy().at(0.26, 0, WIDE_M / 2),
    wall.at(-0.26, 0, WIDE_M / 2),
    box([0.32, RIDGE_M - 0.12, 1.4], PAINT.darkearth).at(0, 0, WIDE_M / 2 + 0.7),
    // The stone bank that takes the blow of the feeder, with its pointed divider.
    box([TOP_M * 0.8, 0.16, 0.05], PAINT.palestone, bevel(0.01)).at(0, RIDGE_M - 0.12, -CANAL_M / 2 - 0.005),
    prism(
      [
        [-0.11, 0],
        [0.11, 0],
        [0, 0.17],
      ],
      0.16,
      PAINT.palestone,
    )
      .turn("x", 90)
      .at(0, RIDGE_M - 0.04, -CANAL_M / 2),
  );
}

/** The way of the water from feeder to one end, on the surface, over each lock. */
function way(side, s, dz) {
  const path = [
    [s * 0.03, RIDGE_M, 1.7],
    [s * 0.05, RIDGE_M, 0.5],
    [s * 0.1, RIDGE_M, dz + 0.05],
    [s * 0.3, RIDGE_M, dz],
  ];
  for (const { from, to, y } of pools(side)) path.push([s * (from + 0.06), y, dz], [s * (to - 0.05), y, dz]);
  return path.map(([x, y, z]) => [x, y - 0.03, z]);
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [
          [0.9, RIDGE_M, 0.26],
          "南旺：运河的最高处，汶水从这里引入",
          "Nanwang, the ridge: the Wen comes in here",
        ],
        [
          [-0.32, pools("north")[2].y, -(TOP_M / 2 + POOL_M * 2.5)],
          "向北到临清：七份水",
          "North to Linqing: seven parts of the water",
        ],
        [
          [-0.32, pools("south")[2].y, TOP_M / 2 + POOL_M * 2.5],
          "向南：三份水",
          "South: three parts of the water",
        ],
        [
          [-0.2, pools("south")[0].y + 0.3, TOP_M / 2],
          "闸：把水一级一级留住",
          "Locks hold the water in steps",
        ],
      ],
      { stem: 0.3, size: 0.15 },
    ),
  );

export default function make(detail) {
  const skins = [{ shape: ball(0.03, PAINT.foam, detail.round(8)).stretch(1.5, 0.7, 1), material: "glow" }];
  // Seven drops north for three south, all equally fast.
  const drops = [
    ["north", 1],
    ["south", -1],
  ].flatMap(([side, s]) =>
    stream({
      name: `${side} water`,
      skins,
      path: way(side, s, 0),
      count: PARTS[side] * 2,
      seconds: SECONDS,
      laps: 2,
    }),
  );
  const boat = grainBoat({ length: 0.34, beam: 0.13, depth: 0.07 }, detail);
  const arrows = together(
    arrow([0.5, RIDGE_M + 0.42, 0], [1.5, RIDGE_M + 0.42 - 0.35, 0], 0.035, PAINT.blue, detail.round(10)),
    arrow([-0.5, RIDGE_M + 0.42, 0], [-1.1, RIDGE_M + 0.42 - 0.26, 0], 0.015, PAINT.blue, detail.round(10)),
  );
  const profile = new Part("profile").turn(turned("y", 90)).put(
    part("land", together(body(detail), feeder(detail))),
    part("gates", gates()),
    part("water", water(), "water"),
    drops,
    part("shares of the water", arrows),
    part("Dragon King Temple", hall(0.46, 0.2, 0.3)).at(0, RIDGE_M - 0.005, -WIDE_M / 2 + 0.1),
    part(
      "cypresses",
      together([-0.3, 0.3].map((x) => cypress(0.3, PAINT.leaf, detail).at(x, RIDGE_M - 0.01, -0.3))),
    ),
    [-2, 2].map((i) =>
      part("grain boat", boat.copy()).at(
        Math.sign(i) * (TOP_M / 2 + POOL_M * 1.5),
        pools(i > 0 ? "north" : "south")[1].y - 0.06,
        0,
      ),
    ),
  );
  return model({
    parts: [profile, labels()],
    seconds: SECONDS,
    still: 5,
    view: { turn: -62, tilt: 28 },
  });
}
