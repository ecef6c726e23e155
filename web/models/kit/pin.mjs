// A numbered pin: what a label is in a model. Chinese writing as geometry would cost more than the model, so the pin
// carries a digit on four sides and its text in both languages in the node's `extras.label`; a page shows the legend.
import { Part } from "./model.mjs";
import { Shape, together } from "./shape.mjs";
import { box, cylinder } from "./solids.mjs";

const HEAD = "#b3261e";
const INK = "#ffffff";
// The seven bars of a digit: top, upper left, upper right, middle, lower left, lower right, bottom.
const BARS = [
  "1110111",
  "0010010",
  "1011101",
  "1011011",
  "0111010",
  "1101011",
  "1101111",
  "1010010",
  "1111111",
  "1111011",
];

function digit(number, size) {
  const [w, h, t] = [size * 0.3, size * 0.28, size * 0.11];
  const bars = [
    [0, h, 1],
    [-w / 2, h / 2, 0],
    [w / 2, h / 2, 0],
    [0, 0, 1],
    [-w / 2, -h / 2, 0],
    [w / 2, -h / 2, 0],
    [0, -h, 1],
  ];
  const shape = new Shape();
  bars.forEach(([x, y, lies], i) => {
    if (BARS[number][i] !== "1") return;
    const [a, b] = lies ? [(w + t) / 2, t / 2] : [t / 2, (h + t) / 2];
    shape.quad([x - a, y - b, 0], [x + a, y - b, 0], [x + a, y + b, 0], [x - a, y + b, 0], INK);
  });
  return shape;
}

/** A pin whose point touches `at`; `stem` and `size` in metres. */
export function pin(number, at, zh, en, { stem = 0.35, size = 0.16 } = {}) {
  const head = together(
    cylinder(size * 0.04, stem, "#5f6368", 6),
    box([size, size, size], HEAD, size * 0.12).at(0, stem, 0),
    [0, 90, 180, 270].map((degrees) =>
      digit(number, size)
        .at(0, stem + size / 2, size * 0.502)
        .turn("y", degrees),
    ),
  );
  const node = new Part(`pin ${number}`).add(head).at(...at);
  node.extras = { number, label: { "zh-CN": zh, en } };
  return node;
}

/** Several pins: each [number is its place], [at, zh, en]. */
export const pins = (list, look) => list.map(([at, zh, en], i) => pin(i + 1, at, zh, en, look));
