// A gate of lifting boards, cut open: the deeper a board lies, the harder the water presses on it and the more people it
// takes. The arrows grow in proportion to depth, as water pressure does; sizes and numbers of people are a schematic.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { arrow, box, cylinder, pool, tube } from "../kit/solids.mjs";
import { person } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

const BOARDS = 6;
const BOARD_M = 0.26;
const [DEEP_M, SHALLOW_M] = [BOARDS * BOARD_M - 0.06, 0.3];
const FLOOR_M = 0.1;
const [LONG_M, WIDE_M] = [3.6, 1.3];
const WALL_M = FLOOR_M + BOARDS * BOARD_M + 0.2;
const TURN_S = 3;
const SECONDS = BOARDS * TURN_S;
/** Arrow length for a metre of depth. */
const PRESS = 0.62;

function lock({ bevel }) {
  const back = each(6, (row) =>
    each(6, (i) => {
      const wide = 0.6;
      const shift = row % 2 ? 0.15 : -0.15;
      return box(
        [wide - 0.008, WALL_M / 6 - 0.008, 0.5],
        (row + i) % 2 ? PAINT.stone : "#b5b1a7",
        bevel(0.014),
      ).at((i - 2.5) * wide + shift * 0.5, FLOOR_M + (row * (WALL_M - FLOOR_M)) / 6, -WIDE_M / 2 - 0.25);
    }),
  );
  const slot = box([0.1, WALL_M - FLOOR_M, 0.04], PAINT.ink).at(0, FLOOR_M, -WIDE_M / 2 + 0.01);
  // Of the near wall only the foot is left, so that one sees in.
  const near = box([LONG_M + 0.1, FLOOR_M, 0.4], PAINT.stone, bevel(0.02)).at(0, 0, WIDE_M / 2 + 0.2);
  return together(box([LONG_M + 0.1, FLOOR_M, WIDE_M], PAINT.darkstone), back, slot, near);
}

/** A frame over the gate, with the bar the ropes run over. */
function frame({ round }) {
  const [y, z] = [WALL_M + 0.75, WIDE_M / 2];
  return together(
    box([0.09, 0.95, 0.09], PAINT.darkwood).at(0, WALL_M - 0.15, -z - 0.1),
    // Two slanting legs on the near side leave the boards in sight.
    [-1, 1].map((s) =>
      tube(
        [
          [s * 0.75, 0.05, z + 0.2],
          [s * 0.03, y + 0.05, z + 0.2],
        ],
        0.045,
        PAINT.darkwood,
        round(8),
      ),
    ),
    cylinder(0.06, WIDE_M + 0.5, PAINT.wood, round(12))
      .turn("x", 90)
      .at(0, y, -z - 0.22),
  );
}

/** Board i counts from the top: it is drawn in turn i and put back at the end. */
function board(i, { round, bevel }) {
  const y = FLOOR_M + (BOARDS - 1 - i) * BOARD_M;
  const start = i * TURN_S + 0.3;
  // The deeper, the slower it comes up.
  const slow = 0.8 + 0.22 * i;
  const high = WALL_M + 0.28;
  const shape = together(
    box([0.1, BOARD_M - 0.01, WIDE_M + 0.02], i % 2 ? PAINT.wood : "#8f6236", bevel(0.015)),
    [-0.4, 0.4].map((z) =>
      tube(
        [
          [0, BOARD_M - 0.03, z],
          [0, BOARD_M + 0.4, z],
        ],
        0.012,
        PAINT.rope,
        round(6),
      ),
    ),
  );
  const aside = [0.0, high, 0];
  return part(`board ${i + 1}`, shape)
    .move("translation", [
      [0, [0, y, 0]],
      [start, [0, y, 0]],
      [start + slow, aside],
      [SECONDS, aside],
    ])
    .move("scale", i === BOARDS - 1 ? shown(0, SECONDS - 0.4, SECONDS) : shown(0, (i + 1) * TURN_S, SECONDS));
}

/** How hard the water presses on the middle of each board, until that board is drawn. */
function press(i, { round }) {
  const y = FLOOR_M + (BOARDS - 0.5 - i) * BOARD_M;
  const depth = FLOOR_M + DEEP_M - y;
  const shape = together(
    // Just before the cut face of the water, where it is not veiled.
    arrow(
      [-0.08 - depth * PRESS, y, WIDE_M / 2 + 0.03],
      [-0.08, y, WIDE_M / 2 + 0.03],
      0.026,
      PAINT.red,
      round(10),
    ),
  );
  return part(`pressure ${i + 1}`, shape, "glow").move("scale", shown(0, i * TURN_S + 0.8, SECONDS));
}

/** One person for the first board, one more for each next. */
function crew(i, detail) {
  const side = i % 2 ? 1 : -1;
  const at = [side * (0.28 + Math.floor(i / 2) * 0.3), WALL_M - 0.02, -WIDE_M / 2 - 0.28];
  return part(`worker ${i + 1}`, person(0.62, i % 2 ? PAINT.cloth : PAINT.rust, detail))
    .at(...at)
    .turn(turned("y", -side * 60))
    .move("scale", i === 0 ? shown(0, SECONDS, SECONDS) : shown(i * TURN_S, SECONDS - 0.1, SECONDS));
}

export default function make(detail) {
  const upper = pool([LONG_M / 2 - 0.05, DEEP_M, WIDE_M - 0.02], PAINT.deepwater).at(
    -LONG_M / 4 - 0.02,
    FLOOR_M,
    0,
  );
  const lower = pool([LONG_M / 2 - 0.05, SHALLOW_M, WIDE_M - 0.02], PAINT.water).at(
    LONG_M / 4 + 0.02,
    FLOOR_M,
    0,
  );
  return model({
    parts: [
      part("lock", lock(detail)),
      part("frame", frame(detail)),
      each(BOARDS, (i) => press(i, detail)),
      each(BOARDS, (i) => board(i, detail)),
      each(BOARDS, (i) => crew(i, detail)),
      part("deep water", upper, "water"),
      part("shallow water", lower, "water"),
      new Part("pins").put(
        pins(
          [
            [
              [-1.2, FLOOR_M + DEEP_M, 0.4],
              "水越深，压强越大（箭头越长）",
              "The deeper, the greater the pressure (longer arrows)",
            ],
            [
              [1.2, FLOOR_M + SHALLOW_M, 0.4],
              "另一侧水浅，顶不住",
              "Shallow water on the other side presses back little",
            ],
            [
              [1.0, WALL_M - 0.05, -0.75],
              "越往下的闸板，要的人越多",
              "The lower the board, the more people it takes",
            ],
          ],
          { stem: 0.3, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 2 * TURN_S + 0.75,
    view: { turn: 20, tilt: 16 },
  });
}
