// Two small dams of blocks in a glass flume: one loose, one with bow-tie iron clamps like those of Jinkou Dam. The water
// rises over both; the loose blocks rock and are carried off. Schematic.
import { each, model, Part, part, rising, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { repeated, together } from "../kit/shape.mjs";
import { ball, box, pool, prism, skin } from "../kit/solids.mjs";
import { turned } from "../kit/vectors.mjs";

const SECONDS = 16;
const [ROWS, ACROSS] = [4, 3];
const BLOCK_M = [0.3, 0.19, 0.3];
const LANE_M = ACROSS * BLOCK_M[2];
const [LONG_M, TALL_M] = [3.4, 1.25];
const FLOOR_M = 0.1;
const DAM_M = ROWS * BLOCK_M[1];
const LANES = { loose: LANE_M / 2 + 0.04, clamped: -LANE_M / 2 - 0.04 };
const [SPILLS, ROCKS, GOES] = [3, 5, 8];

const tint = (i) => ["#aaa69b", "#b8b3a6", "#9d998f"][i % 3];

/** The places of a dam's blocks: two deep, in bond. */
const places = () =>
  each(ROWS, (row) =>
    each(2, (deep) =>
      each(ACROSS, (i) => ({
        row,
        deep,
        i,
        at: [
          (deep - 0.5) * BLOCK_M[0] + (row % 2 ? 0.02 : -0.02),
          FLOOR_M + row * BLOCK_M[1],
          (i - (ACROSS - 1) / 2) * BLOCK_M[2],
        ],
      })),
    ),
  ).flat(2);

const stone = (k, bevel) =>
  box(
    BLOCK_M.map((v) => v - 0.008),
    tint(k),
    bevel(0.015),
  );

/** Bow-ties across the joints of the top course. */
function clamps() {
  const tie = prism(
    [
      [-0.075, -0.045],
      [0, -0.016],
      [0.075, -0.045],
      [0.075, 0.045],
      [0, 0.016],
      [-0.075, 0.045],
    ],
    0.02,
    PAINT.iron,
  ).turn("x", -90);
  const y = FLOOR_M + DAM_M;
  const along = each(ACROSS, (i) => [0.02, y, (i - (ACROSS - 1) / 2) * BLOCK_M[2]]);
  const across = [-1, 1].flatMap((s) =>
    each(ACROSS - 1, (i) => [0.02 + s * BLOCK_M[0] * 0.5, y, (i - (ACROSS - 2) / 2) * BLOCK_M[2]]),
  );
  return together(repeated(tie, along), repeated(tie, across, turned("y", 90)));
}

/** A loose block of the two upper courses rocks, then goes over the edge. */
function looseBlock({ row, deep, i, at }, skins) {
  const block = new Part(`loose block ${row} ${deep} ${i}`).wear(skins);
  if (row < ROWS - 2) return block.at(...at);
  const start = GOES + (ROWS - 1 - row) * 1.6 + (1 - deep) * 0.5 + i * 0.25;
  const down = [
    at[0] + 0.75 + deep * 0.3 + ((i * 7 + row * 3) % 5) * 0.09,
    FLOOR_M + ((i + row) % 2) * 0.1,
    at[2] + (((i * 5 + deep * 3) % 4) - 1.5) * 0.05,
  ];
  const lean = turned("z", -100 - 35 * i - 20 * deep);
  const rock = [];
  for (let t = ROCKS; t < start - 0.3; t += 0.3)
    rock.push([t, turned("z", (Math.round(t / 0.3) % 2 ? 1 : -1) * (row === ROWS - 1 ? 2.5 : 1))]);
  const none = turned("z", 0);
  return block
    .move("translation", [
      [0, at],
      [start, at],
      [start + 0.35, [at[0] + 0.4, at[1] + 0.02, at[2]]],
      [start + 0.8, down],
      [SECONDS, down],
    ])
    .move("rotation", [
      [0, none],
      [ROCKS - 0.1, none],
      ...rock,
      [start, none],
      [start + 0.8, lean],
      [SECONDS, lean],
    ]);
}

/** Water above the dam: it rises, spills, and stays high. */
function upper(z) {
  const keys = [
    [0, 0.45],
    [SPILLS, DAM_M + 0.05],
    [ROCKS, DAM_M + 0.12],
    [SECONDS - 1, DAM_M + 0.16],
    [SECONDS, 0.45],
  ];
  return part("water above", pool([LONG_M / 2 - 0.32, 1, LANE_M], PAINT.deepwater), "water")
    .at(-LONG_M / 4 - 0.14, FLOOR_M, z)
    .move(
      "scale",
      keys.map(([t, y]) => [t, [1, y, 1]]),
    );
}

function over(name, z, detail, until) {
  const line = [
    [-0.3, DAM_M + 0.1],
    [0.3, DAM_M + 0.08],
    [0.5, DAM_M - 0.12],
    [0.66, 0.3],
    [0.72, 0.12],
  ];
  const rows = [0.5, -0.5].map((k) => line.map(([x, y]) => [x, y + FLOOR_M, k * (LANE_M - 0.02)]));
  const fall = part(`${name} fall`, skin(rows, PAINT.foam), "water").move(
    "scale",
    rising([SPILLS, SPILLS + 0.6, until, until + 0.8], SECONDS),
  );
  const skins = [{ shape: ball(0.03, PAINT.foam, detail.round(8)), material: "glow" }];
  const drops = [-0.3, 0, 0.3].flatMap((dz, i) =>
    stream({
      name: `${name} drop ${i + 1}`,
      skins,
      count: 3,
      seconds: SECONDS,
      laps: 10,
      late: i * 0.3,
      during: [SPILLS + 0.4, SECONDS - 0.8],
      path: [...line.map(([x, y]) => [x, y + FLOOR_M + 0.02, dz]), [1.6, FLOOR_M + 0.16, dz]],
    }),
  );
  return new Part(name).at(0, 0, z).put(fall, drops);
}

export default function make(detail) {
  const { bevel } = detail;
  const wide = 2 * LANE_M + 0.08;
  const flume = together(
    box([LONG_M + 0.2, FLOOR_M, wide + 0.2], PAINT.darkwood, bevel(0.02)),
    [-1, 1].flatMap((x) =>
      [-1, 1].map((z) =>
        box([0.06, TALL_M, 0.06], PAINT.bronze).at((x * LONG_M) / 2, FLOOR_M - 0.02, z * (wide / 2 + 0.03)),
      ),
    ),
    box([LONG_M, 0.5, 0.03], PAINT.grey).at(0, FLOOR_M, 0),
  );
  const glass = together(
    [-1, 1].map((z) => box([LONG_M, TALL_M - 0.1, 0.02], "#dff1f7").at(0, FLOOR_M, z * (wide / 2 + 0.02))),
    box([0.02, TALL_M - 0.1, wide], "#dff1f7").at(-LONG_M / 2, FLOOR_M, 0),
  );
  const skins = each(3, (k) => [{ shape: stone(k, bevel), material: "matt" }]);
  const loose = places().map((one, k) => looseBlock(one, skins[k % 3]));
  const firm = together(
    places().map(({ at }, k) => stone(k, bevel).at(...at)),
    clamps(),
  );
  const low = pool([LONG_M / 2 - 0.34, 0.13, wide], PAINT.water).at(LONG_M / 4 + 0.16, FLOOR_M, 0);
  return model({
    parts: [
      part("flume", flume),
      new Part("loose dam").at(0, 0, LANES.loose).put(loose),
      part("clamped dam", firm).at(0, 0, LANES.clamped),
      upper(LANES.loose),
      upper(LANES.clamped),
      part("water below", low, "water"),
      over("over the loose dam", LANES.loose, detail, GOES + 1),
      over("over the clamped dam", LANES.clamped, detail, SECONDS - 1),
      part("glass", glass, "glass"),
      new Part("pins").put(
        pins(
          [
            [
              [0.02, FLOOR_M + DAM_M, LANES.loose + 0.3],
              "没有铁扣：石块晃动，被冲走",
              "No clamps: the blocks rock and are carried off",
            ],
            [
              [0.02, FLOOR_M + DAM_M, LANES.clamped - 0.1],
              "有铁扣：石块连成一体",
              "Iron clamps: the blocks hold as one body",
            ],
          ],
          { stem: 0.5, size: 0.17 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 9.2,
    view: { turn: 48, tilt: 26 },
  });
}
