// An earth dam cut across, three times in turn: plain, with a drain at its foot, with a clay core. The blue line is the
// border of wet and dry soil. The dam's height is the reservoir's; its slopes and the lines are a schematic, and the real dam
// is the plain kind (homogeneous earth).
import { each, model, Part, part, shown, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, pool, prism, tube } from "../kit/solids.mjs";
import { cypress, person } from "../kit/things.mjs";

/** Up to 22 m high: factpedia, "尼山水库" (facts of the waypoint). */
const HEIGHT_M = 22;
const SCALE = 1 / 22;
const CREST_M = 7;
/** Run of the slopes for one metre of rise: usual for a drawing, not surveyed. */
const [WET_RUN, DRY_RUN] = [2.2, 1.9];
const DEEP_M = 22;
const LAKE_M = 17;
const PHASE_S = 6;
const SECONDS = 3 * PHASE_S;
const [LEFT, RIGHT] = [-CREST_M / 2 - WET_RUN * HEIGHT_M, CREST_M / 2 + DRY_RUN * HEIGHT_M];
const FRONT_M = DEEP_M / 2 + 0.15;

/** Where the lake's surface meets the wet slope. */
const ENTRY = [LEFT + LAKE_M * WET_RUN, LAKE_M];
const curve = (from, to, bulge, n) =>
  each(n + 1, (i) => {
    const t = i / n;
    return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * (bulge * t + (1 - bulge) * t * t)];
  });

const onDrySlope = (y) => [RIGHT - y * DRY_RUN, y];
/** The three lines; each falls from the lake's surface to where it leaves the dam. */
const LINES = (n) => [
  { name: "plain", line: curve(ENTRY, onDrySlope(5), 0.55, n) },
  { name: "with drain", line: curve(ENTRY, [RIGHT - 17, 0.6], 0.6, n) },
  {
    name: "with core",
    line: [ENTRY, [-1.9, LAKE_M - 0.7], [1.9, 6], ...curve([1.9, 6], [RIGHT - 7, 0.5], 0.8, n).slice(1)],
  },
];

function dam({ bevel }) {
  const body = prism(
    [
      [LEFT, 0],
      [RIGHT, 0],
      [CREST_M / 2, HEIGHT_M],
      [-CREST_M / 2, HEIGHT_M],
    ],
    DEEP_M,
    "#c19a6b",
    PAINT.grass,
  );
  const stones = prism(
    [
      [LEFT, 0],
      [LEFT + 0.8, 0],
      [-CREST_M / 2 + 0.2, HEIGHT_M],
      [-CREST_M / 2 - 0.8, HEIGHT_M + 0.1],
      [LEFT - 1.4, 0],
    ],
    DEEP_M + 0.1,
    PAINT.stone,
    PAINT.palestone,
  );
  const road = box([CREST_M, 0.5, DEEP_M], PAINT.grey, bevel(0.1)).at(0, HEIGHT_M, 0);
  const rail = [-1, 1].map((s) =>
    each(8, (i) =>
      box([0.5, 1.4, 0.5], PAINT.paper).at(s * (CREST_M / 2 - 0.4), HEIGHT_M + 0.4, (i - 3.5) * 2.8),
    ),
  );
  const ground = box([RIGHT - LEFT + 34, 5, DEEP_M], PAINT.darkearth).at((LEFT + RIGHT) / 2 - 4, -5, 0);
  return together(body, stones, road, rail, ground);
}

/** The wet part of the cut face under a line, and the line itself. */
function wetness({ name, line }, i, detail) {
  const end = line.at(-1);
  const area = [
    [LEFT + 1, 0.02],
    [Math.max(end[0], RIGHT - (end[1] < 1 ? 17 : 0)), 0.02],
    ...(end[1] > 1 ? [[RIGHT - 0.05, 0.02]] : []),
    ...line.slice().reverse(),
  ];
  const wet = prism(
    name === "plain"
      ? area.slice(0, 1).concat(area.slice(2))
      : [[LEFT + 1, 0.02], [end[0], 0.02], ...line.slice().reverse()],
    0.1,
    "#7a6a58",
  ).at(0, 0, FRONT_M - 0.12);
  const path = line.map(([x, y]) => [x, y, FRONT_M + 0.1]);
  const skins = [{ shape: ball(0.55, "#9fd0ff", detail.round(8)), material: "glow" }];
  const deeper = line.map(([x, y]) => [x, y * 0.55, FRONT_M + 0.1]);
  const outlet =
    end[1] > 1
      ? [
          [RIGHT - 1, 0.5, FRONT_M + 0.1],
          [RIGHT + 6, 0.3, FRONT_M + 0.1],
        ]
      : [[RIGHT + 6, 0.3, FRONT_M + 0.1]];
  const during = [i * PHASE_S + 0.3, (i + 1) * PHASE_S - 0.1];
  return new Part(`seepage ${name}`).move("scale", shown(i * PHASE_S, (i + 1) * PHASE_S - 0.05, SECONDS)).put(
    part("wet soil", wet),
    part("seepage line", tube(path, 0.32, "#1f6fd0", detail.round(7)), "glow"),
    [path, deeper].flatMap((p, k) =>
      stream({
        name: `seeping ${name} ${k}`,
        skins,
        path: [...p, ...outlet],
        count: 6,
        seconds: SECONDS,
        laps: 3,
        during,
      }),
    ),
  );
}

/** A place on the scaled dam, for a pin. */
const at = (x, y, z) => [x * SCALE, (5 + y) * SCALE, z];

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [at(LEFT - 8, LAKE_M, 0.2), "湖水", "The lake"],
        [at(0, HEIGHT_M + 0.5, 0.2), "坝体：蓝线以下的土是湿的", "The dam: soil below the blue line is wet"],
        [
          at(RIGHT - 3, 1.8, 0.2),
          "坝脚：渗水从这里出来；加了排水体，水被安全引走",
          "Foot: seepage comes out here; a drain leads it off safely",
        ],
      ],
      { stem: 0.3, size: 0.2 },
    ),
  );

export default function make(detail) {
  const z = FRONT_M - 0.05;
  const drain = part(
    "drain",
    prism(
      [
        [RIGHT - 18, 0.02],
        [RIGHT + 1.5, 0.02],
        [RIGHT - 1.5, 2.6],
        [RIGHT - 5, 2.6],
        [RIGHT - 7, 1.2],
        [RIGHT - 18, 1.2],
      ],
      0.3,
      "#e0d5b0",
    ).at(0, 0, z),
  ).move("scale", shown(PHASE_S, 2 * PHASE_S - 0.05, SECONDS));
  const core = part(
    "clay core",
    prism(
      [
        [-4.2, 0.02],
        [4.2, 0.02],
        [1.3, HEIGHT_M - 1.2],
        [-1.3, HEIGHT_M - 1.2],
      ],
      0.2,
      "#8c4a32",
    ).at(0, 0, z),
  ).move("scale", shown(2 * PHASE_S, SECONDS - 0.05, SECONDS));
  const lakeEnd = LEFT - 19;
  const lake = part(
    "lake",
    prism(
      [
        [lakeEnd, 0],
        [LEFT - 1.5, 0],
        [ENTRY[0] - 1, LAKE_M],
        [lakeEnd, LAKE_M],
      ],
      DEEP_M - 0.2,
      PAINT.deepwater,
    ),
    "water",
  );
  const ditch = part("ditch", pool([9, 0.6, DEEP_M - 1], PAINT.water).at(RIGHT + 7, 0, 0), "water");
  const lines = LINES(detail.round(20));
  const trees = together(
    each(4, (i) => cypress(6, PAINT.leaf, detail).at(RIGHT + 4 + (i % 2) * 3, 0, -9 + i * 4)),
  );
  const scene = new Part("dam").put(
    part("body", dam(detail)),
    part("trees", trees),
    part("walkers", together([-5, 1].map((dz) => person(1.7, PAINT.rust, detail).at(0, HEIGHT_M + 0.5, dz)))),
    lines.map((one, i) => wetness(one, i, detail)),
    drain,
    core,
    lake,
    ditch,
  );
  scene.scale = [SCALE, SCALE, SCALE];
  return model({
    parts: [scene.at(0, 5 * SCALE, 0), labels()],
    seconds: SECONDS,
    still: 3,
    view: { turn: 14, tilt: 15 },
  });
}
