// The year rings of a juniper and how a root outlives its trunk: rings light up from bark to centre, and beside them the dead
// stump's living root sends up a new stem. Schematic: one ring in the model stands for ten years.
import { each, GONE, model, Part, part, shown } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, skin, tube } from "../kit/solids.mjs";
import { chance } from "../kit/vectors.mjs";

/** The present trunk is the shoot of 1732 (meipian.cn/58rjqv3g; Meng Jixin et al.); rings up to the 2020s. */
const [SPROUTED, NOW] = [1732, 2022];
const RINGS = (NOW - SPROUTED) / 10;
const RADIUS_M = 0.82;
const TRUNK_M = 0.62;
const SECONDS = 16;
const LIT_S = 11;

/** Rings grow narrower outwards, with good and bad years. */
function radii() {
  const random = chance(1732);
  const widths = each(RINGS, (i) => (1.5 - i / RINGS) * (0.7 + 0.6 * random()));
  const sum = widths.reduce((a, b) => a + b);
  let r = 0;
  return widths.map((w) => {
    r += (w / sum) * (RADIUS_M - 0.07);
    return r;
  });
}

/** A flat ring, seen from above. */
const ring = (r, width, y, tint, segments) =>
  skin(
    [r, r - width].map((radius) =>
      each(segments, (i) => {
        const a = -(i / segments) * 2 * Math.PI;
        return [radius * Math.cos(a), y, radius * Math.sin(a)];
      }),
    ),
    tint,
    true,
  );

function trunk({ round }) {
  const n = round(36);
  const list = radii();
  const wood = list.map((r, i) => ring(r, r - (list[i - 1] ?? 0), TRUNK_M, i % 2 ? "#dcae7e" : "#b98352", n));
  const bark = each(n, (i) => {
    const a = (i / n) * 2 * Math.PI;
    const r = RADIUS_M + 0.03 * ((i * 7) % 3);
    return tube(
      [
        [r * 1.1 * Math.cos(a), 0, r * 1.1 * Math.sin(a)],
        [r * Math.cos(a), 0.2, r * Math.sin(a)],
        [(r - 0.03) * Math.cos(a), TRUNK_M, (r - 0.03) * Math.sin(a)],
      ],
      0.075,
      i % 2 ? "#6b4a33" : "#7c583d",
      5,
    );
  });
  return together(cylinder(RADIUS_M, TRUNK_M - 0.004, "#6b4a33", n), wood, bark);
}

/** A twisted, leafless trunk that broke off; its root lives on one side. */
function deadStump({ round }) {
  const n = round(9);
  const old = lathe(
    [
      [0.62, 0],
      [0.44, 0.2],
      [0.38, 0.55],
      [0.34, 0.8],
      [0, 0.72],
    ],
    "#8f8579",
    round(16),
  );
  const splinters = each(9, (i) => {
    const a = (i / 9) * 2 * Math.PI;
    return tube(
      [
        [0.33 * Math.cos(a), 0.6, 0.33 * Math.sin(a)],
        [0.3 * Math.cos(a + 0.2), 0.95 + (i % 3) * 0.14, 0.3 * Math.sin(a + 0.2)],
      ],
      0.08,
      "#9c9287",
      n,
      0.01,
    );
  });
  const roots = each(7, (i) => {
    const a = (i / 7) * 2 * Math.PI + 0.3;
    const live = i === 0;
    const tint = live ? "#7a5a3a" : "#8f8579";
    return tube(
      [
        [0.4 * Math.cos(a), 0.18, 0.4 * Math.sin(a)],
        [0.75 * Math.cos(a), 0.08, 0.75 * Math.sin(a)],
        [1.05 * Math.cos(a + 0.15), 0.02, 1.05 * Math.sin(a + 0.15)],
      ],
      0.11,
      tint,
      n,
      0.04,
    );
  });
  return together(old, splinters, roots);
}

/** The new stem with its tufts; it grows out of the living root. */
function newStem({ round }) {
  const random = chance(9);
  const stem = tube(
    [
      [0, 0, 0],
      [0.03, 0.4, 0.02],
      [-0.03, 0.9, 0],
      [0.02, 1.5, 0.03],
    ],
    0.07,
    "#7c583d",
    round(9),
    0.02,
  );
  const tufts = each(16, (i) => {
    const y = 0.65 + (i / 16) * 1.0;
    const a = i * 2.4;
    const out = 0.3 * (1 - (y - 0.65) / 1.25);
    return together(
      tube(
        [
          [0, y - 0.12, 0],
          [out * Math.cos(a), y, out * Math.sin(a)],
        ],
        0.015,
        "#7c583d",
        5,
      ),
      ball(0.14 + random() * 0.06, i % 2 ? "#4c7a45" : "#5b8a4e", round(9))
        .stretch(1, 0.75, 1)
        .at(out * Math.cos(a), y + 0.02, out * Math.sin(a)),
    );
  });
  return together(stem, tufts, ball(0.16, "#5b8a4e", round(9)).stretch(0.8, 1.2, 0.8).at(0.02, 1.58, 0.03));
}

export default function make(detail) {
  const list = radii();
  const n = detail.round(36);
  const lit = list.map((r, i) => {
    // From the bark (the last ring) to the centre.
    const order = RINGS - 1 - i;
    const mark = i === 0 || i === RINGS - 1;
    const shape = ring(r, mark ? 0.02 : 0.009, TRUNK_M + 0.006, mark ? "#ff5a3c" : PAINT.sun, n);
    return part(`lit ring ${i + 1}`, shape, "glow").move(
      "scale",
      shown(0.5 + (order / RINGS) * LIT_S, SECONDS - 0.8, SECONDS),
    );
  });
  const stem = part("new stem", newStem(detail))
    .at(1.62, 0.1, 0.22)
    .move("scale", [
      [0, GONE],
      [2, [0.05, 0.05, 0.05]],
      [12, [1, 1, 1]],
      [SECONDS - 0.5, [1, 1, 1]],
      [SECONDS, GONE],
    ]);
  return model({
    parts: [
      part("ground", together(box([4.2, 0.08, 2.3], "#8d9a5f", detail.bevel(0.03)))),
      part("trunk", trunk(detail)).at(-1.0, 0.08, 0),
      new Part("lit rings").at(-1.0, 0.08, 0).put(lit),
      part("dead stump", deadStump(detail)).at(0.95, 0.08, -0.1),
      stem,
      new Part("pins").put(
        pins(
          [
            [
              [-1.0 + RADIUS_M - 0.06, 0.08 + TRUNK_M, 0],
              "树皮下：最近的年轮",
              "Under the bark: the latest ring",
            ],
            [[-1.0, 0.08 + TRUNK_M, 0], "树心：1732年长出的新枝", "Centre: the shoot of 1732"],
            [
              [1.1, 0.08, 0.85],
              "老树干枯死，活着的根长出新树干",
              "The old trunk is dead; its living root sends up a new stem",
            ],
          ],
          { stem: 0.32, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 7,
    view: { turn: 16, tilt: 30 },
  });
}
