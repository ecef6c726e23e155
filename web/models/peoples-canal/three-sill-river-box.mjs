// Daicun Dam as a box: a rising river spills over the lowest sill first, then over the second and the third, while the
// channel to the canal keeps its level. The steps between the sills are the dam's own; the box and the flow are a schematic.
import { each, GONE, model, Part, part, stream, WHOLE } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, pool, prism, skin } from "../kit/solids.mjs";

/** Linglong is 0.10 m and Luanshi 0.20 m higher than Gunshui: People's Daily, 2025-05-03 (facts of the waypoint). */
const SILLS = [
  { name: "Gunshui weir", above: 0, z: 0.95 },
  { name: "Linglong weir", above: 0.1, z: 0 },
  { name: "Luanshi weir", above: 0.2, z: -0.95 },
];
const CREST_M = 0.5;
const SILL_WIDE_M = 0.8;
const [LONG_M, DEEP_M] = [3, 3.1];
const SECONDS = 16;
/** The river's height over the lowest crest. */
const LEVELS = [
  [0, -0.06],
  [1.5, -0.06],
  [3.5, 0.05],
  [5, 0.05],
  [6.5, 0.15],
  [8, 0.15],
  [9.5, 0.26],
  [12, 0.26],
  [15, -0.06],
  [16, -0.06],
];

const levelAt = (t) => {
  const i = LEVELS.findIndex(([s]) => s > t);
  if (i < 0) return LEVELS.at(-1)[1];
  const [[a, p], [b, q]] = [LEVELS[i - 1], LEVELS[i]];
  return p + ((q - p) * (t - a)) / (b - a);
};

function dam({ bevel }) {
  const blocks = SILLS.map(({ above, z }) => {
    const top = CREST_M + above;
    const body = prism(
      [
        [-0.2, 0.06],
        [0.55, 0.06],
        [0.2, top],
        [-0.2, top],
      ],
      SILL_WIDE_M,
      PAINT.stone,
    ).at(0, 0, z);
    const capping = each(5, (i) =>
      box([0.4, 0.06, SILL_WIDE_M / 5 - 0.01], PAINT.palestone, bevel(0.012)).at(
        0,
        top - 0.055,
        z + (i - 2) * (SILL_WIDE_M / 5),
      ),
    );
    // Bow-tie clamps of iron hold neighbours together.
    const clamps = each(4, (i) =>
      prism(
        [
          [-0.05, -0.03],
          [0, -0.012],
          [0.05, -0.03],
          [0.05, 0.03],
          [0, 0.012],
          [-0.05, 0.03],
        ],
        0.01,
        PAINT.iron,
      )
        .turn("x", -90)
        .turn("y", 90)
        .at(0, top + 0.007, z + (i - 1.5) * (SILL_WIDE_M / 5)),
    );
    return together(body, capping, clamps);
  });
  const walls = [-1.43, -0.475, 0.475, 1.43].map((z) =>
    box([0.9, CREST_M + 0.42, 0.14], PAINT.darkstone, bevel(0.02)).at(0.1, 0, z),
  );
  return together(blocks, walls);
}

function banks({ bevel }) {
  return together(
    box([LONG_M + 0.3, 0.06, DEEP_M + 0.8], PAINT.earth, bevel(0.01)),
    // The head of the channel to the canal: two walls with an opening in the near side.
    box([1.3, CREST_M + 0.42, 0.14], PAINT.earth).at(-0.95, 0, -DEEP_M / 2 + 0.02),
    box([0.1, CREST_M + 0.42, 0.14], PAINT.darkstone, bevel(0.02)).at(-1.52, 0, DEEP_M / 2 - 0.05),
    box([0.6, CREST_M + 0.42, 0.14], PAINT.darkstone, bevel(0.02)).at(-0.35, 0, DEEP_M / 2 - 0.05),
    [-1.43, -0.62].map((x) =>
      box([0.08, 0.5, 0.7], PAINT.darkstone, bevel(0.02)).at(x, 0.06, DEEP_M / 2 + 0.36),
    ),
  );
}

/** The sheet of water over a sill: it lies on crest and back, one unit thick, and is stretched by the depth. */
function sheet(above) {
  const top = CREST_M + above;
  const line = [
    [-0.2, top],
    [0.2, top],
    [0.3, top - 0.16],
    [0.52, 0.16],
    [0.75, 0.1],
  ];
  const rows = [-0.5, 0.5].map((k) => line.map(([x, y]) => [x, y + 0.03, k * SILL_WIDE_M]));
  return skin(rows.reverse(), PAINT.foam);
}

function spill({ name, above, z }, detail) {
  const top = CREST_M + above;
  const keys = [[0, GONE]];
  const depth = each(65, (i) => [(i * SECONDS) / 64, Math.max(0, levelAt((i * SECONDS) / 64) - above)]);
  for (const [t, d] of depth.slice(1)) keys.push([t, d > 0.005 ? WHOLE : GONE]);
  const path = [
    [-0.25, top + 0.05, 0],
    [0.2, top + 0.05, 0],
    [0.34, top - 0.14, 0],
    [0.55, 0.2, 0],
    [1.45, 0.16, 0],
  ];
  const skins = [{ shape: ball(0.035, PAINT.foam, detail.round(8)).stretch(1.6, 0.8, 1), material: "glow" }];
  const drops = [-0.24, 0, 0.24].flatMap((dz, k) =>
    stream({
      name: `${name} drop ${k}`,
      skins,
      path: path.map(([x, y]) => [x, y, dz]),
      count: 3,
      seconds: SECONDS,
      laps: 8,
    }),
  );
  return new Part(`${name} spilling`)
    .at(0, 0, z)
    .move("scale", keys)
    .put(part(`${name} sheet`, sheet(above), "water"), drops);
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[0.12, CREST_M, 0.95], "滚水坝：最低，先过水", "Gunshui weir: the lowest, spills first"],
        [[0.12, CREST_M + 0.1, 0], "玲珑坝：高10厘米", "Linglong weir: 10 cm higher"],
        [[0.12, CREST_M + 0.2, -0.95], "乱石坝：高20厘米", "Luanshi weir: 20 cm higher"],
        [[-1.03, 0.4, 1.85], "通向运河的水渠，水位平稳", "Channel to the canal: its level stays steady"],
      ],
      { stem: 0.4, size: 0.15 },
    ),
  );

export default function make(detail) {
  const upper = part(
    "river above the dam",
    pool([1.35, 1, DEEP_M - 0.2], PAINT.water).at(-0.86, 0, 0),
    "water",
  )
    .at(0, 0.06, 0)
    .move(
      "scale",
      LEVELS.map(([t, h]) => [t, [1, CREST_M + h - 0.06, 1]]),
    );
  const lower = part(
    "river below the dam",
    pool([1.1, 0.1, DEEP_M - 0.2], PAINT.water).at(1.0, 0.06, 0),
    "water",
  );
  const feed = stream({
    name: "to the canal",
    count: 6,
    seconds: SECONDS,
    laps: 4,
    skins: [{ shape: ball(0.035, PAINT.blue, detail.round(8)).stretch(1, 0.7, 1.6), material: "glow" }],
    path: [
      [-1.3, 0.42, 0.6],
      [-1.05, 0.42, 1.2],
      [-1.03, 0.4, 1.6],
      [-1.03, 0.4, 2.2],
    ],
  });
  const canal = part(
    "channel to the canal",
    pool([0.74, 0.34, 0.74], PAINT.deepwater).at(-1.03, 0.06, DEEP_M / 2 + 0.33),
    "water",
  );
  const glass = part(
    "glass",
    together(
      box([0.02, 1, DEEP_M], "#dff1f7").at(-LONG_M / 2 - 0.05, 0.06, 0),
      box([0.9, 0.5, 0.02], "#dff1f7").at(1.05, 0.06, DEEP_M / 2 - 0.03),
    ),
    "glass",
  );
  const rod = part(
    "gauge",
    together(
      box([0.05, 0.95, 0.05], PAINT.paper),
      each(9, (i) => box([0.055, 0.05, 0.055], PAINT.red).at(0, 0.06 + i * 0.1, 0)),
    ),
  ).at(-0.35, 0.06, -1.2);
  return model({
    parts: [
      part("banks", banks(detail)),
      part("dam", dam(detail)),
      rod,
      upper,
      lower,
      canal,
      feed,
      SILLS.map((sill) => spill(sill, detail)),
      glass,
      labels(),
    ],
    seconds: SECONDS,
    still: 7.6,
    view: { turn: 42, tilt: 30 },
  });
}
