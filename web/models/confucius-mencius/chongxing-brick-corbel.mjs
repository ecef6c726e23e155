// Brick eaves: each course steps out over the one below. Left, bricks behind weigh the courses down and the eave holds;
// right, nothing does, and it tips once its centre of mass passes the edge. Sizes are a schematic; where the loose stack
// tips is computed from its own bricks.
import { each, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, prism, tube } from "../kit/solids.mjs";
import { turned } from "../kit/vectors.mjs";

const BRICK_M = [0.5, 0.13, 0.24];
const STEP_M = 0.12;
const ROWS = 6;
const ACROSS = 4;
const WALL_ROWS = 7;
const COURSE_S = 1.4;
const SECONDS = 18;
const WALL_M = WALL_ROWS * BRICK_M[1];
const DEPTH_M = ACROSS * BRICK_M[2];

/** Middle of a course of loose bricks, measured from the wall's edge: outwards is +. */
const middle = (row) => -BRICK_M[0] / 2 + (row + 1) * STEP_M;
/** The first course whose joint centre of mass lies beyond the edge. */
export const tipsAt = (() => {
  for (let n = 1, sum = 0; n <= ROWS; n++) {
    sum += middle(n - 1);
    if (sum / n > 0) return n;
  }
  return ROWS;
})();
const TIP_S = tipsAt * COURSE_S + 0.6;

/** One course, four bricks deep, in bond; long courses are made of several bricks, which the reduced variant leaves whole. */
function course(long, row, { full }) {
  const tints = ["#9c5a45", "#a86550", "#91523f"];
  const count = full ? Math.max(1, Math.round(long / BRICK_M[0])) : 1;
  const size = [long / count - 0.012, BRICK_M[1] - 0.012, BRICK_M[2] - 0.012];
  return together(
    each(ACROSS, (i) =>
      each(count, (k) =>
        box(size, tints[(i + row + k) % 3]).at(
          ((k + 0.5) / count - 0.5) * long,
          0,
          (i - (ACROSS - 1) / 2) * BRICK_M[2],
        ),
      ),
    ),
  );
}

/** The wall under the eave, its outer edge at x = 0. */
const wall = (detail) =>
  together(
    each(WALL_ROWS, (row) =>
      together(
        course(0.5, row, detail).at(-0.25, row * BRICK_M[1], 0),
        course(0.7, row + 1, detail).at(-0.85, row * BRICK_M[1], 0),
      ),
    ),
  );

/** A carved brick bracket under the first courses, as on the tower. */
const bracket = () =>
  together(
    each(2, (i) =>
      prism(
        [
          [0, 0],
          [0.2, 0.3],
          [0.2, 0.36],
          [0, 0.36],
        ],
        0.14,
        "#b0705a",
      ).at(0, WALL_M - 0.36, (i - 0.5) * 0.5),
    ),
  );

function laid(name, row, long, x, detail) {
  const y = WALL_M + row * BRICK_M[1];
  const start = row * COURSE_S + 0.3;
  return part(`${name} course ${row + 1}`, course(long, row, detail))
    .move("translation", [
      [0, [x, y + 0.9, 0]],
      [start, [x, y + 0.9, 0]],
      [start + 0.7, [x, y, 0]],
      [SECONDS, [x, y, 0]],
    ])
    .move("scale", shown(start - 0.1, SECONDS - 0.4, SECONDS));
}

/** Held: each course reaches back over the wall, and a coping weighs on its tail. */
function held(detail) {
  const courses = each(ROWS, (row) =>
    laid("held", row, 1.2 + (row + 1) * STEP_M, -0.6 + ((row + 1) * STEP_M) / 2, detail),
  );
  const end = ROWS * COURSE_S + 0.5;
  const tail = part(
    "bricks that weigh down",
    together(each(3, (row) => course(0.85, row, detail).at(-0.78, row * BRICK_M[1], 0))),
  )
    .at(0, WALL_M + ROWS * BRICK_M[1], 0)
    .move("scale", shown(end, SECONDS - 0.4, SECONDS));
  return new Part("eave with weight behind").put(
    part("wall", together(wall(detail), bracket())),
    courses,
    tail,
    centre(-0.42, ROWS * COURSE_S + 1.5, SECONDS - 0.5, "#35c46a", detail),
  );
}

/** Loose: the courses turn about the edge together when their centre of mass has passed it. */
function loose(detail) {
  const courses = each(tipsAt, (row) => laid("loose", row, BRICK_M[0], middle(row), detail));
  const none = turned("z", 0);
  const pivot = new Part("tipping")
    .at(0, WALL_M, 0)
    .put(new Part("courses").at(0, -WALL_M, 0).put(courses))
    .move("rotation", [
      [0, none],
      [TIP_S, none],
      [TIP_S + 0.5, turned("z", -12)],
      [TIP_S + 1.1, turned("z", -70)],
      [SECONDS - 0.35, turned("z", -70)],
      [SECONDS, none],
    ])
    .move("translation", [
      [0, [0, WALL_M, 0]],
      [TIP_S + 0.5, [0, WALL_M, 0]],
      [TIP_S + 1.4, [0.45, 0.3, 0]],
      [SECONDS - 0.35, [0.45, 0.3, 0]],
      [SECONDS, [0, WALL_M, 0]],
    ]);
  return new Part("eave without weight").put(
    part("wall", together(wall(detail), bracket())),
    pivot,
    centre(0.03, TIP_S - 0.6, TIP_S + 0.4, "#ff4a2a", detail),
  );
}

/** The centre of mass and its plumb line, in front of the bricks. */
function centre(x, from, to, tint, { round }) {
  const z = DEPTH_M / 2 + 0.03;
  const y = WALL_M + 0.32;
  return part(
    "centre of mass",
    together(
      ball(0.055, tint, round(12)).at(x, y, z),
      tube(
        [
          [x, y, z],
          [x, 0.05, z],
        ],
        0.01,
        tint,
        round(6),
      ),
    ),
    "glow",
  ).move("scale", shown(from, to, SECONDS));
}

export default function make(detail) {
  return model({
    parts: [
      part("ground", box([4.6, 0.08, 1.7], PAINT.palestone, detail.bevel(0.02)).at(0, -0.08, 0)).at(
        0,
        0.08,
        0,
      ),
      held(detail).at(-0.75, 0.08, 0),
      loose(detail).at(1.35, 0.08, 0),
      new Part("pins").put(
        pins(
          [
            [
              [-1.75, 0.08, 0.68],
              "后面有砖压住：重心落在墙上，砖檐稳",
              "Bricks weigh it down behind: the centre of mass lies over the wall",
            ],
            [
              [0.75, 0.08, 0.68],
              "后面没有砖：重心一过墙边就翻倒",
              "No bricks behind: once the centre of mass passes the edge, it tips",
            ],
          ],
          { stem: 0.2, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: TIP_S - 0.2,
    view: { turn: 22, tilt: 16 },
  });
}
