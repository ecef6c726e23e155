// A wall of rammed earth: each loose layer is beaten thin between boards and the next is laid on it; then rain falls and
// leaves through the drain under the wall. Schematic: thickness and number of layers are chosen to be seen.
import { each, GONE, model, Part, part, rising, shown, stream, WHOLE } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, lathe, pool, tube } from "../kit/solids.mjs";
import { person, raindrop } from "../kit/things.mjs";
import { turned } from "../kit/vectors.mjs";

const LAYERS = 7;
const LAYER_S = 1.7;
const BUILT = LAYERS * LAYER_S + 0.5;
const SECONDS = BUILT + 7;
const [LOOSE_M, RAMMED_M] = [0.26, 0.15];
const [LONG_M, THICK_M] = [2.2, 0.9];
const GROUND_M = 0.34;
const DRAIN_X_M = -0.55;
const EARTHS = ["#b08a5c", "#a27c51", "#b6925f", "#9a7549"];

/** The finished part of the wall, to the left, cut so that the layers show; battered a little. */
function finished() {
  return together(
    each(LAYERS + 3, (i) =>
      box([1.0, RAMMED_M - 0.006, THICK_M - i * 0.02], EARTHS[i % 4], 0).at(
        -LONG_M / 2 - 0.5,
        GROUND_M + i * RAMMED_M,
        0,
      ),
    ),
  );
}

/** One layer: it falls in loose and high, and is beaten down to its place. */
function layer(i) {
  const start = i * LAYER_S + 0.2;
  const squeezed = RAMMED_M / LOOSE_M;
  const beats = [0.55, 0.8, 1.05].map((t, k) => [start + t, [1, 1 + ((squeezed - 1) * (k + 1)) / 3, 1]]);
  const firm = beats.at(-1)[1];
  return part(`layer ${i + 1}`, box([LONG_M, LOOSE_M - 0.008, THICK_M - i * 0.02], EARTHS[i % 4]))
    .at(0, GROUND_M + i * RAMMED_M, 0)
    .move("scale", [
      [0, GONE],
      [start - 0.12, GONE],
      [start - 0.1, [1, 0.001, 1]],
      [start + 0.2, WHOLE],
      ...beats,
      [SECONDS - 0.3, firm],
      [SECONDS, GONE],
    ]);
}

/** Boards on both sides, held by posts; they climb with the wall and are gone when it rains. */
function boards({ bevel }) {
  const side = (z) =>
    together(
      each(2, (k) =>
        box([LONG_M + 0.1, 0.19, 0.045], k ? PAINT.wood : PAINT.palewood, bevel(0.01)).at(0, k * 0.195, z),
      ),
      [-0.8, 0, 0.8].map((x) =>
        box([0.06, 0.5, 0.06], PAINT.darkwood).at(x, -0.05, z + Math.sign(z) * 0.055),
      ),
    );
  const ties = [-0.8, 0, 0.8].map((x) =>
    tube(
      [
        [x, 0.43, -THICK_M / 2 - 0.08],
        [x, 0.43, THICK_M / 2 + 0.08],
      ],
      0.016,
      PAINT.rope,
      6,
    ),
  );
  const climb = [[0, [0, GROUND_M - 0.02, 0]]];
  for (let i = 0; i < LAYERS; i++) {
    const y = GROUND_M - 0.02 + Math.max(0, i - 0.5) * RAMMED_M;
    climb.push([i * LAYER_S + 0.15, [0, y, 0]], [(i + 1) * LAYER_S - 0.1, [0, y, 0]]);
  }
  climb.push([SECONDS, climb.at(-1)[1]]);
  return part("boards", together(side(-THICK_M / 2 - 0.025), side(THICK_M / 2 + 0.025), ties))
    .move("translation", climb)
    .move("scale", shown(0, BUILT, SECONDS));
}

function rammer({ round }) {
  return together(
    cylinder(0.018, 0.62, PAINT.wood, round(8)).at(0, 0.1, 0),
    box([0.22, 0.025, 0.025], PAINT.wood).at(0, 0.6, 0),
    lathe(
      [
        [0, 0],
        [0.075, 0],
        [0.085, 0.05],
        [0.06, 0.12],
        [0, 0.13],
      ],
      PAINT.darkstone,
      round(14),
    ),
  );
}

/** Two people stand on the layer and beat it in turn. */
function crew(detail) {
  const climb = (up) => {
    const keys = [[0, [0, GROUND_M + up, 0]]];
    for (let i = 0; i < LAYERS; i++) {
      const top = GROUND_M + i * RAMMED_M;
      keys.push(
        [i * LAYER_S + 0.4, [0, top + LOOSE_M + up, 0]],
        [i * LAYER_S + 1.25, [0, top + RAMMED_M + up, 0]],
      );
    }
    return [...keys, [SECONDS, keys.at(-1)[1]]];
  };
  const beat = (late) => {
    const keys = [[0, [0, 0, 0]]];
    for (let i = 0; i < LAYERS; i++)
      for (const t of [0.55, 0.8, 1.05])
        keys.push([i * LAYER_S + t + 0.08 + late, [0, 0.28, 0]], [i * LAYER_S + t + 0.2 + late, [0, 0, 0]]);
    return [...keys, [SECONDS, [0, 0, 0]]];
  };
  return [
    [-0.5, 0.1, 0],
    [0.55, -0.1, 0.02],
  ].map(([x, z, late], i) => {
    const tool = part("rammer", rammer(detail)).at(0, 0, 0.3).put();
    const swing = new Part("swing").move("translation", beat(late)).put(tool);
    const worker = part(`worker ${i + 1}`, person(0.95, i ? PAINT.rust : PAINT.cloth, detail))
      .put(swing)
      .turn(turned("y", i ? -50 : 50))
      .at(x, 0, z);
    return new Part(`place of worker ${i + 1}`)
      .move("translation", climb(0))
      .move("scale", shown(0, BUILT, SECONDS))
      .put(worker);
  });
}

function ground({ round }) {
  // The drain is a row of clay pipes through the foot of the wall; the ground in front is cut away to show it.
  const pipes = each(3, (i) =>
    lathe(
      [
        [0.085, 0],
        [0.105, 0],
        [0.105, 0.5],
        [0.118, 0.5],
        [0.118, 0.55],
        [0.085, 0.55],
        [0.085, 0],
      ],
      PAINT.clay,
      round(18),
    )
      .turn("x", 90)
      .at(DRAIN_X_M, GROUND_M - 0.06, -0.85 + i * 0.55),
  );
  const left = -LONG_M / 2 - 1.0;
  const right = LONG_M / 2 + 0.3;
  const slab = (x0, x1, y, z0, z1, tint) =>
    box([x1 - x0, y, z1 - z0], tint).at((x0 + x1) / 2, 0, (z0 + z1) / 2);
  return together(
    slab(left, right, GROUND_M, -1.3, -THICK_M / 2 - 0.2, PAINT.grass),
    slab(left, DRAIN_X_M - 0.13, GROUND_M, -THICK_M / 2 - 0.2, 1.2, PAINT.grass),
    slab(DRAIN_X_M + 0.13, right, GROUND_M, -THICK_M / 2 - 0.2, 1.2, PAINT.grass),
    slab(DRAIN_X_M - 0.13, DRAIN_X_M + 0.13, GROUND_M - 0.19, -THICK_M / 2 - 0.2, 1.2, PAINT.darkearth),
    pipes,
  );
}

function rain(detail) {
  const skins = [{ shape: raindrop(detail), material: "glow" }];
  const during = [BUILT + 0.3, SECONDS - 1.2];
  return each(16, (i) => {
    const [x, z] = [-2.0 + ((i * 5) % 16) * 0.22, ((i * 7) % 11) * 0.2 - 1.1];
    const path = [
      [x, 2.6, z],
      [x, GROUND_M, z],
    ];
    return stream({
      name: `rain ${i + 1}`,
      skins,
      path,
      count: 1,
      seconds: SECONDS,
      laps: 12,
      late: (i * 0.37) % 1,
      during,
    });
  });
}

export default function make(detail) {
  const inside = part("water behind the wall", pool([2.6, 0.05, 0.6], PAINT.water), "water")
    .at(-0.2, GROUND_M, -0.85)
    .move("scale", rising([BUILT + 0.8, BUILT + 2.5, SECONDS - 2, SECONDS - 0.5], SECONDS));
  const skins = [{ shape: ball(0.04, PAINT.water, detail.round(8)).stretch(1, 0.8, 1.5), material: "glow" }];
  const y = GROUND_M - 0.07;
  const outflow = stream({
    name: "drain water",
    skins,
    count: 7,
    seconds: SECONDS,
    laps: 7,
    during: [BUILT + 1.4, SECONDS - 0.6],
    path: [
      [DRAIN_X_M, GROUND_M + 0.04, -1.0],
      [DRAIN_X_M, y, -0.8],
      [DRAIN_X_M, y, 0.78],
      [DRAIN_X_M, y - 0.05, 0.9],
      [DRAIN_X_M, y - 0.07, 1.2],
    ],
  });
  return model({
    parts: [
      part("ground and drain", ground(detail)),
      part("finished wall", finished()),
      each(LAYERS, layer),
      boards(detail),
      crew(detail),
      rain(detail),
      inside,
      outflow,
      new Part("pins").put(
        pins(
          [
            [[0.95, GROUND_M, 0.75], "松土捶打后变薄、变硬", "Loose earth, beaten thin and hard"],
            [
              [DRAIN_X_M - 0.25, GROUND_M, 0.95],
              "墙下的排水道：雨水流到城外",
              "Drain under the wall: rain runs out",
            ],
            [[-LONG_M / 2 - 0.5, GROUND_M + 10 * RAMMED_M, 0], "一层层夯土", "Layer upon layer"],
          ],
          { stem: 0.28, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 4 * LAYER_S + 0.72,
    view: { turn: 24, tilt: 20 },
  });
}
