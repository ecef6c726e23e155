// Twelve pitch pipes, each two thirds or four thirds of the one before, and twelve stone chimes; they light up in the order
// in which they are reckoned. The ratios are exact; the length of the first pipe is chosen to be seen.
import { model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, prism, tube } from "../kit/solids.mjs";

const COUNT = 12;
const FIRST_M = 1.2;
const NOTE_S = 1.5;
const SECONDS = COUNT * NOTE_S;

/** Shares of the first pipe: two thirds, or four thirds where two thirds would be under a half. */
export function shares() {
  const list = [1];
  while (list.length < COUNT) {
    const next = (list.at(-1) * 2) / 3;
    list.push(next < 0.5 ? next * 2 : next);
  }
  return list;
}

const SHARES = shares();
/** The pipes stand from the longest to the shortest. */
const PLACE = SHARES.map((share) => SHARES.filter((other) => other > share).length);
const xOf = (i) => (PLACE[i] - (COUNT - 1) / 2) * 0.2;

function pipe(share, tint, { round }) {
  const h = FIRST_M * share;
  return together(
    lathe(
      [
        [0.05, 0],
        [0.062, 0],
        [0.062, h],
        [0.05, h],
        [0.05, 0.02],
      ],
      tint,
      round(18),
    ),
    [0.12, 0.5, 0.88].map((k) => cylinder(0.067, 0.018, "#7d8a3c", round(18)).at(0, h * k, 0)),
  );
}

/** A stone chime: an obtuse angle with a hole near its corner; short sides sound higher. */
function chime(share) {
  const s = 0.28 + 0.3 * (share - 0.5);
  const outline = [
    [-0.95, -0.62],
    [-0.72, -0.78],
    [0.02, -0.12],
    [0.85, -0.5],
    [1, -0.26],
    [0.06, 0.3],
  ];
  return prism(
    outline.map(([x, y]) => [x * s, y * s]),
    0.05,
    "#5f6f70",
    "#4c5a5b",
  );
}

function frame({ round, bevel }) {
  const post = (x) =>
    together(
      box([0.1, 2.45, 0.1], PAINT.red, bevel(0.015)).at(x, 0.05, 0),
      box([0.3, 0.12, 0.55], PAINT.darkwood, bevel(0.02)).at(x, 0, 0),
      ball(0.08, PAINT.roof, round(12)).at(x, 2.56, 0),
    );
  return together(
    post(-1.95),
    post(1.95),
    box([4.1, 0.12, 0.12], PAINT.red, bevel(0.02)).at(0, 2.32, 0),
    box([3.9, 0.08, 0.1], PAINT.red, bevel(0.015)).at(0, 1.72, 0),
  );
}

const rackOf = ({ bevel }) =>
  together(
    box([2.7, 0.12, 0.44], PAINT.darkwood, bevel(0.02)),
    box([2.6, 0.07, 0.3], PAINT.wood, bevel(0.015)).at(0, 0.12, 0),
    [-1, 1].map((s) => box([0.08, 0.62, 0.08], PAINT.darkwood, bevel(0.01)).at(s * 1.28, 0.12, -0.1)),
    box([2.6, 0.05, 0.04], PAINT.darkwood).at(0, 0.62, -0.1),
  );

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[xOf(0), 0.12, 0.93], "黄钟：第一根，最长", "Huangzhong: the first and longest"],
        [
          [xOf(1), 0.12, 0.93],
          "林钟：黄钟的三分之二（蓝光：变短）",
          "Linzhong: two thirds of it (blue: made shorter)",
        ],
        [
          [xOf(2), 0.12, 0.93],
          "太簇：林钟的三分之四（橙光：变长）",
          "Taicu: four thirds of Linzhong (orange: made longer)",
        ],
      ],
      { stem: 0.1, size: 0.13 },
    ),
  );

export default function make(detail) {
  const { round } = detail;
  const sounding = (i) => shown(i * NOTE_S, (i + 1) * NOTE_S - 0.05, SECONDS);
  const notes = SHARES.map((share, i) => {
    // Blue came by two thirds (shorter), orange by four thirds (longer); the first is plain.
    const glow = i === 0 ? PAINT.sun : share < SHARES[i - 1] ? "#4aa3ff" : "#ff9a2f";
    const sound = together(
      ball(0.085, glow, round(12)).at(0, FIRST_M * share + 0.1, 0),
      tube(
        [
          [0, 0.02, 0.068],
          [0, FIRST_M * share, 0.068],
        ],
        0.016,
        glow,
        round(6),
      ),
    );
    const lit = part(`pipe ${i + 1} sounds`, sound, "glow").move("scale", sounding(i));
    const stand = part(`pipe ${i + 1}`, pipe(share, "#c9b768", detail))
      .at(xOf(i), 0.19, 0)
      .put(lit);
    const row = PLACE[i] < 6 ? 0 : 1;
    const at = [((PLACE[i] % 6) - 2.5) * 0.62, row ? 1.5 : 2.1, 0];
    const echo = part(`chime ${i + 1} sounds`, chime(share).stretch(1.06, 1.06, 1.3), "glow").move(
      "scale",
      sounding(i),
    );
    echo.skins[0].shape.faces = echo.skins[0].shape.faces.map((f) => ({
      ...f,
      tint: f.tint.map(() => [0.75, 0.9, 1]),
    }));
    const stone = part(`chime ${i + 1}`, chime(share))
      .at(...at)
      .put(echo);
    stone.add(
      tube(
        [
          [0, 0.05, 0],
          [0, 0.25, 0],
        ],
        0.01,
        PAINT.rope,
        5,
      ),
    );
    return { stand, stone };
  });
  return model({
    parts: [
      new Part("rack").at(0, 0, 0.75).put(
        part("stand", rackOf(detail)),
        notes.map(({ stand }) => stand),
      ),
      new Part("stone chimes").at(0, 0, -0.5).put(
        part("frame", frame(detail)),
        notes.map(({ stone }) => stone),
      ),
      labels(),
    ],
    seconds: SECONDS,
    still: NOTE_S * 1.5,
    view: { turn: 18, tilt: 16 },
  });
}
