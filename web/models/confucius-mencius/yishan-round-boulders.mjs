// How boulders become round: joints cut the granite into blocks, corners weather first, round cores are left and pile up;
// on the right one of them is pushed until its centre of mass leaves the support. Schematic.
import { each, GONE, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, skin, tube } from "../kit/solids.mjs";
import { cypress } from "../kit/things.mjs";
import { chance, turned } from "../kit/vectors.mjs";

const SECONDS = 14;
const [PUSH, TIP, FALL] = [3, 6.5, 8];
const GRANITES = ["#b79f92", "#a98f83", "#c2ac9f", "#9d8a80"];

/** Between a block and a ball: the larger the power, the squarer; a little uneven, as stone is. */
function boulder([a, b, c], power, tint, { round }, seed = 1) {
  const random = chance(seed);
  const [p, q, r] = [random() * 6, random() * 6, random() * 6];
  const [n, m] = [round(22), round(14)];
  const rows = each(m + 1, (j) =>
    each(n, (i) => {
      const [u, v] = [-(i / n) * 2 * Math.PI, (j / m - 0.5) * Math.PI];
      const d = [Math.cos(v) * Math.cos(u), Math.sin(v), Math.cos(v) * Math.sin(u)];
      const norm =
        (Math.abs(d[0]) ** power + Math.abs(d[1]) ** power + Math.abs(d[2]) ** power) ** (-1 / power);
      const uneven =
        1 + 0.03 * Math.sin(4 * d[0] + p) * Math.sin(4 * d[1] + q) + 0.02 * Math.sin(7 * d[2] + r);
      return [d[0] * norm * a * uneven, d[1] * norm * b * uneven + b, d[2] * norm * c * uneven];
    }),
  );
  return skin(rows, tint, true);
}

const tintOf = (k) => GRANITES[k % GRANITES.length];

/** Blocks of one kind in a few shapes; each place takes one of them, turned its own way. */
function heap(name, power, places, detail, kinds = 4) {
  const skins = each(kinds, (k) => [
    { shape: boulder([1, 1, 1], power, tintOf(k), detail, 10 * power + k), material: "matt" },
  ]);
  return places.map(({ at, size, turn }, i) => {
    const block = part(`${name} ${i + 1}`)
      .wear(skins[(i * 3 + (i >> 2)) % kinds])
      .at(...at)
      .turn(turned("y", turn));
    block.scale = [size, size, size];
    return block;
  });
}

/** Three courses of blocks, `step` apart; the top course of a worn heap has lost one of its three. */
const courses = (size, step, worn) =>
  each(3, (y) =>
    each(worn && y === 2 ? 2 : 3, (x) =>
      each(2, (z) => ({
        at: [(x - 1 + (worn && y === 2 ? 0.5 : 0)) * 0.425, y * step, (z - 0.5) * 0.425],
        size,
        turn: ((x + 2 * y + z) % 4) * 90,
      })),
    ),
  ).flat(2);

/** Grit that has come off the corners. */
function grit() {
  const random = chance(5);
  return together(
    each(26, () =>
      ball(0.02 + random() * 0.03, "#cdbba9", 5).at((random() - 0.5) * 1.7, 0.01, (random() - 0.3) * 1.4),
    ),
  );
}

/** What is left: round cores piled up. Each: x, y, z, radius. */
const PILE = [
  [0, 0, 0, 0.36],
  [-0.5, 0, 0.15, 0.27],
  [0.45, 0, 0.25, 0.24],
  [-0.2, 0, -0.45, 0.3],
  [0.35, 0, -0.35, 0.28],
  [0.02, 0.62, -0.1, 0.31],
  [0.5, 0.42, -0.05, 0.18],
].map(([x, y, z, size], i) => ({ at: [x, y, z], size, turn: i * 47 }));

/** A slab of rock with one boulder on its edge, which is pushed outwards until it rolls off. */
function edge(detail) {
  const { round } = detail;
  const rest = boulder([0.62, 0.42, 0.5], 5, PAINT.granite, detail, 77);
  const [y, r] = [0.83, 0.27];
  const keys = [
    [0, [-0.1, y, 0]],
    [PUSH, [-0.1, y, 0]],
    [TIP, [0.42, y, 0]],
    [TIP + 0.6, [0.6, y - 0.03, 0]],
    [FALL, [0.98, 0.28, 0]],
    [FALL + 1, [1.25, 0.0, 0]],
    [SECONDS - 0.5, [1.25, 0, 0]],
    [SECONDS, [-0.1, y, 0]],
  ];
  const still = turned("z", 0);
  const rolled = [
    [0, still],
    [TIP, still],
    [TIP + 0.6, turned("z", -35)],
    [FALL, turned("z", -110)],
    [FALL + 1, turned("z", -170)],
    [SECONDS - 0.5, turned("z", -170)],
    [SECONDS, still],
  ];
  const core = boulder([r * 1.15, r, r], 2.3, GRANITES[2], detail, 81).at(0, -r, 0);
  const mark = ball(0.075, "#ff4a2a", round(12)).at(0, 0, r * 0.98);
  const turning = part("boulder", core).add(mark, "glow").at(0, r, 0).move("rotation", rolled);
  const plumb = part(
    "plumb line of the centre of mass",
    tube(
      [
        [0, r, r + 0.03],
        [0, -0.8, r + 0.03],
      ],
      0.012,
      "#ff4a2a",
      round(6),
    ),
    "glow",
  );
  plumb.move("scale", [
    [0, [1, 1, 1]],
    [TIP + 0.5, [1, 1, 1]],
    [TIP + 0.8, GONE],
    [SECONDS - 0.4, GONE],
    [SECONDS, [1, 1, 1]],
  ]);
  const moving = new Part("pushed boulder").move("translation", keys).put(turning, plumb);
  return new Part("boulder on an edge").put(part("support", rest), moving);
}

export default function make(detail) {
  const ground = together(
    box([5.9, 0.08, 1.9], "#a89f7c", detail.bevel(0.03)),
    each(9, (i) => cypress(0.3, PAINT.leaf, detail).at(-2.7 + ((i * 5) % 9) * 0.66, 0.07, -0.8)),
  );
  return model({
    parts: [
      part("ground", ground),
      new Part("jointed rock").at(-2.15, 0.08, 0).put(heap("block", 14, courses(0.21, 0.425, false), detail)),
      part("weathered blocks", grit())
        .at(-0.65, 0.08, 0)
        .put(heap("worn block", 3.4, courses(0.2, 0.4, true), detail)),
      new Part("round cores").at(0.75, 0.06, 0).put(heap("core", 2.2, PILE, detail)),
      edge(detail).at(1.95, 0.06, 0),
      new Part("pins").put(
        pins(
          [
            [[-2.15, 0.08, 0.75], "节理把岩石切成方块", "Joints cut the rock into blocks"],
            [[-0.65, 0.08, 0.8], "棱角先剥落", "Corners weather first"],
            [[0.75, 0.08, 0.8], "剩下圆石，叠在一起", "Round cores are left, piled up"],
            [
              [1.75, 0.08, 0.8],
              "重心移到支撑面外，石头就滚下",
              "Once its centre of mass leaves the support, it rolls",
            ],
          ],
          { stem: 0.16, size: 0.16 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 5.6,
    view: { turn: 14, tilt: 18 },
  });
}
