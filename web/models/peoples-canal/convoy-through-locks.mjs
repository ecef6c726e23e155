// A canal like a staircase: three boats go down through two locks together, and the board compares the water spent with
// that of boats that go one by one. Schematic; one drop on the board is one opening of a lock.
import { each, model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, lathe, pool } from "../kit/solids.mjs";
import { grainBoat, hull } from "../kit/things.mjs";

const SECONDS = 20;
const LEVELS_M = [0.95, 0.62, 0.29];
const EDGES_M = [-2.6, -0.85, 0.85, 2.6];
const CANAL_M = 0.6;
const BANK_M = 0.32;
/** When each lock is open, and each boat's place in the line. */
const GATES = [
  { x: EDGES_M[1], open: 2, shut: 8 },
  { x: EDGES_M[2], open: 10, shut: 16 },
];
const LINE_M = [0.06, -0.5, -1.06];

function steps({ bevel }) {
  return together(
    LEVELS_M.map((y, i) => {
      const [a, b] = [EDGES_M[i], EDGES_M[i + 1]];
      const at = (a + b) / 2;
      const bank = box([b - a, y + 0.1, BANK_M], PAINT.grass, bevel(0.02));
      return together(
        box([b - a, Math.max(0.06, y - 0.22), CANAL_M], PAINT.darkearth).at(at, 0, 0),
        [-1, 1].map((s) => bank.copy().at(at, 0, (s * (CANAL_M + BANK_M)) / 2)),
      );
    }),
  );
}

function lock(x, high, { bevel }) {
  return together(
    [-1, 1].map((s) =>
      together(
        each(3, (row) =>
          box([0.34, (high + 0.28) / 3 - 0.006, 0.24], row % 2 ? PAINT.stone : "#b5b1a7", bevel(0.015)).at(
            x,
            (row * (high + 0.28)) / 3,
            s * (CANAL_M / 2 + 0.08),
          ),
        ),
        box([0.07, 0.5, 0.07], PAINT.darkwood).at(x, high + 0.26, s * (CANAL_M / 2 + 0.06)),
      ),
    ),
    box([0.09, 0.07, CANAL_M + 0.3], PAINT.darkwood).at(x, high + 0.72, 0),
  );
}

function gate({ x, open, shut }, high, low, { bevel }) {
  const tall = high - low + 0.32;
  const boards = together(
    each(4, (i) =>
      box([0.05, tall / 4 - 0.006, CANAL_M - 0.1], i % 2 ? PAINT.wood : PAINT.darkwood, bevel(0.01)).at(
        0,
        (i * tall) / 4,
        0,
      ),
    ),
  );
  const [down, up] = [
    [x, low - 0.25, 0],
    [x, high + 0.14, 0],
  ];
  return part(`gate at ${x}`, boards).move("translation", [
    [0, down],
    [open, down],
    [open + 0.8, up],
    [shut, up],
    [shut + 0.8, down],
    [SECONDS, down],
  ]);
}

/** A boat waits in line, runs through an open gate, waits again. */
function way(n) {
  const late = n * 0.9;
  const x = (lock) => GATES[lock].x;
  const rest = (from) => EDGES_M[from + 1] - 0.55 + LINE_M[n] * 0.86 + 0.05;
  const key = (t, px, level) => [t, [px, LEVELS_M[level] - 0.06, 0]];
  const keys = [key(0, rest(0), 0)];
  GATES.forEach(({ open }, i) => {
    keys.push(
      key(open + 1 + late, rest(i), i),
      key(open + 2 + late, x(i) - 0.12, i),
      key(open + 2.5 + late, x(i) + 0.35, i + 1),
      key(open + 3.8 + late, rest(i + 1), i + 1),
    );
  });
  keys.push([SECONDS - 0.5, keys.at(-1)[1]], [SECONDS, keys.at(-1)[1]]);
  return keys;
}

const drop = ({ round }) =>
  lathe(
    [
      [0, 0],
      [0.07, 0.03],
      [0.085, 0.09],
      [0.05, 0.16],
      [0, 0.26],
    ],
    PAINT.blue,
    round(12),
  ).stretch(1, 1, 0.4);

/** Above: three boats one by one, six openings. Below: a convoy, two openings. */
function board(detail) {
  const boat = hull({ length: 0.3, beam: 0.06, depth: 0.09 }, detail);
  const row = (y, boats, drops) =>
    together(
      each(boats, (i) => boat.copy().at(-0.82 + i * 0.12, y + 0.03 + i * 0.07 - (boats - 1) * 0.03, 0.06)),
      each(drops, (i) => drop(detail).at(-0.3 + i * 0.21, y, 0.05)),
    );
  return together(
    box([2.1, 0.95, 0.05], PAINT.paper, detail.bevel(0.01)).at(0, 0.75, 0),
    box([2.16, 0.05, 0.08], PAINT.darkwood).at(0, 1.7, 0),
    box([1.9, 0.012, 0.01], PAINT.grey).at(0, 1.21, 0.03),
    [-0.9, 0.9].map((x) => box([0.08, 1.7, 0.05], PAINT.darkwood).at(x, 0, -0.04)),
    row(1.3, 1, 6),
    row(0.85, 3, 2),
  );
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [
          [-2.3, LEVELS_M[0] + 0.1, 0.46],
          "船队一起过：每座闸只开一次",
          "A convoy: each lock opens only once",
        ],
        [
          [0.5, 1.72, -0.85],
          "上排：一条一条过，放走六份水；下排：结队过，只放走两份",
          "Upper row: one by one, six releases of water; lower row: a convoy, two",
        ],
      ],
      { stem: 0.3, size: 0.17 },
    ),
  );

export default function make(detail) {
  const water = LEVELS_M.map((y, i) => {
    const [a, b] = [EDGES_M[i] + 0.02, EDGES_M[i + 1] - 0.02];
    const deep = Math.min(0.22, y - 0.06);
    return pool([b - a, deep, CANAL_M - 0.01], PAINT.water).at((a + b) / 2, y - deep, 0);
  });
  const boats = each(3, (n) =>
    part(`boat ${n + 1}`, grainBoat({ length: 0.5, beam: 0.3, depth: 0.13 }, detail)).move(
      "translation",
      way(n),
    ),
  );
  const skins = [{ shape: ball(0.03, PAINT.foam, detail.round(8)), material: "glow" }];
  const spill = GATES.flatMap(({ x, open, shut }, g) =>
    [-0.15, 0, 0.15].flatMap((z, i) =>
      stream({
        name: `spill ${g + 1} ${i + 1}`,
        skins,
        count: 3,
        seconds: SECONDS,
        laps: 14,
        late: i * 0.3,
        during: [open + 0.5, shut + 0.4],
        path: [
          [x - 0.3, LEVELS_M[g] + 0.01, z],
          [x, LEVELS_M[g] - 0.04, z],
          [x + 0.2, LEVELS_M[g + 1] + 0.03, z],
          [x + 0.8, LEVELS_M[g + 1] + 0.01, z],
        ],
      }),
    ),
  );
  return model({
    parts: [
      part("steps", steps(detail)),
      part("locks", together(GATES.map(({ x }, i) => lock(x, LEVELS_M[i], detail)))),
      GATES.map((one, i) => gate(one, LEVELS_M[i], LEVELS_M[i + 1], detail)),
      part("water", together(water), "water"),
      boats,
      spill,
      part("board", board(detail)).at(1.3, 0, -0.85),
      labels(),
    ],
    seconds: SECONDS,
    still: 5.4,
    view: { turn: 16, tilt: 24 },
  });
}
