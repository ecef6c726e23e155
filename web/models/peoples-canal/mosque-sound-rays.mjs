// The prayer hall cut open along its axis: sound leaves the niche as rays and is thrown back by floor, walls and roofs, as
// steeply as it came. The hall's width, depth and roof peak are given; the curve of the three roofs is a schematic.
import { each, model, Part, part, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, cylinder, prism, tube } from "../kit/solids.mjs";
import { person } from "../kit/things.mjs";

/** 28 m wide, over 40 m deep, roof peak about 30 m up: 路途网 copy (zhoukan.cc), 2023-05-23 (facts of the waypoint). */
const [WIDE_M, DEEP_M, PEAK_M] = [28, 40, 30];
const SCALE = 1 / 14;
const EAVE_M = 9;
const SECONDS = 12;
const RAY_M = 84;
/** Three linked roofs, from the niche in the west to the door in the east: where each begins, ends and how high it goes. */
const ROOFS = [
  [-20, -7, 23],
  [-7, 9, PEAK_M],
  [9, 20, 17],
];
/** The sound starts in front of the niche. */
const NICHE = [-18.8, 2.2];

/** The inside of a roof: a concave slope up to the ridge and down again. */
function slope([x0, x1, top]) {
  const n = 6;
  const up = each(n + 1, (i) => {
    const t = i / n;
    return [x0 + ((x1 - x0) / 2) * t, EAVE_M + (top - 2.2 - EAVE_M) * (0.6 * t + 0.4 * t * t)];
  });
  return [
    ...up,
    ...up
      .slice(0, -1)
      .reverse()
      .map(([x, y]) => [x0 + x1 - x, y]),
  ];
}

/** Everything that throws sound back, as one line round the room. */
const ROOM = [[-20, 0], ...ROOFS.flatMap((roof, i) => slope(roof).slice(i === 0 ? 0 : 1)), [20, 0]];

/** A ray on its way through the section, mirrored at each wall, RAY_M long. */
export function trace(degrees) {
  let [x, y] = NICHE;
  let [dx, dy] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  let left = RAY_M;
  const path = [[x, y]];
  while (left > 1e-6) {
    const hit = nearest(x, y, dx, dy);
    const step = Math.min(hit.distance, left);
    [x, y] = [x + dx * step, y + dy * step];
    path.push([x, y]);
    left -= step;
    const along = dx * hit.wall[0] + dy * hit.wall[1];
    [dx, dy] = [2 * along * hit.wall[0] - dx, 2 * along * hit.wall[1] - dy];
  }
  return path;
}

function nearest(x, y, dx, dy) {
  let best = { distance: Infinity, wall: [1, 0] };
  ROOM.forEach(([ax, ay], i) => {
    const [bx, by] = ROOM[(i + 1) % ROOM.length];
    const [ex, ey] = [bx - ax, by - ay];
    const cut = dx * ey - dy * ex;
    const t = ((ax - x) * ey - (ay - y) * ex) / cut;
    const s = ((ax - x) * dy - (ay - y) * dx) / cut;
    const long = Math.hypot(ex, ey);
    if (t > 1e-6 && s >= -1e-9 && s <= 1 + 1e-9 && t < best.distance)
      best = { distance: t, wall: [ex / long, ey / long] };
  });
  return best;
}

/** Points at equal steps along a broken line, so that sound runs evenly. */
function even(path, step) {
  const out = [path[0]];
  let carry = step;
  for (let i = 0; i + 1 < path.length; i++) {
    const [[ax, ay], [bx, by]] = [path[i], path[i + 1]];
    const long = Math.hypot(bx - ax, by - ay);
    let at = carry;
    for (; at <= long; at += step) out.push([ax + ((bx - ax) * at) / long, ay + ((by - ay) * at) / long]);
    carry = at - long;
  }
  return out;
}

/** A roof with the near half left off; tiles outside, boards inside. */
function roof(one) {
  const inside = slope(one);
  const outside = inside.map(([x, y], i) => [
    x + (i === 0 ? -1.6 : i === inside.length - 1 ? 1.6 : 0),
    y + (i === 6 ? 2.2 : i === 0 || i === 12 ? 0.5 : 1.5),
  ]);
  const cover = prism([...inside, ...outside.reverse()], WIDE_M / 2 + 2, PAINT.palewood, PAINT.green);
  const ridge = box([0.9, 1.2, WIDE_M / 2 + 2.4], PAINT.roof).at((one[0] + one[1]) / 2, one[2] - 0.2, 0);
  return together(cover, ridge).at(0, 0, -WIDE_M / 4 - 1);
}

function walls({ round, bevel }) {
  const columns = [-14, -7, 1, 9, 15].flatMap((x) =>
    [-3.5, -9].map((z) =>
      together(
        cylinder(0.55, EAVE_M + 1, PAINT.red, round(12)).at(x, 0, z),
        cylinder(0.85, 0.5, PAINT.palestone, round(12)).at(x, 0, z),
      ),
    ),
  );
  const niche = prism(
    [
      [-1.6, 0],
      [1.6, 0],
      [1.6, 4],
      [1.1, 5.4],
      [0, 6.4],
      [-1.1, 5.4],
      [-1.6, 4],
    ],
    0.5,
    PAINT.roof,
  )
    .turn("y", 90)
    .at(-19.6, 0, -2.2);
  return together(
    box([DEEP_M + 6, 1, WIDE_M / 2 + 6], PAINT.palestone, bevel(0.2)).at(0, -1, -WIDE_M / 4 + 1.5),
    box([DEEP_M, EAVE_M, 0.8], PAINT.greybrick).at(0, 0, -WIDE_M / 2),
    box([0.8, EAVE_M, WIDE_M / 2], PAINT.greybrick).at(-20.4, 0, -WIDE_M / 4),
    box([0.8, EAVE_M, WIDE_M / 4], PAINT.greybrick).at(20.4, 0, -WIDE_M / 2.7),
    columns,
    niche,
    // The gable ends behind the roofs close the room.
    prism([...ROOM.slice(1, -1)], 0.6, "#b9b3a6").at(0, 0, -WIDE_M / 2 + 0.2),
  );
}

const ANGLES = [4, 13, 19, 24, 28];
const TINTS = ["#ff5a3c", "#ff9a1f", "#3fb36b", "#2f9fd0", "#8a5fd0"];

export default function make(detail) {
  const rays = ANGLES.flatMap((degrees, i) => {
    const path = trace(degrees).map(([x, y]) => [x, y, 0.4 + i * 0.12]);
    const run = even(trace(degrees), 3).map(([x, y]) => [x, y, 0.4 + i * 0.12]);
    const skins = [{ shape: ball(0.5, TINTS[i], detail.round(8)), material: "glow" }];
    return [
      part(`ray ${i + 1}`, tube(path, 0.12, TINTS[i], 5), "glow"),
      ...stream({ name: `sound ${i + 1}`, skins, path: run, count: 1, seconds: SECONDS }),
    ];
  });
  const hall = new Part("hall").put(
    part("walls and columns", walls(detail)),
    part("three roofs", together(ROOFS.map(roof))),
    rays,
    part("speaker", person(1.7, PAINT.paper, detail)).at(NICHE[0], 0, -0.4),
  );
  hall.scale = [SCALE, SCALE, SCALE];
  return model({
    parts: [
      hall.at(0, SCALE, 0.2),
      new Part("pins").put(
        pins(
          [
            [[-1.36, 0.07, 0.42], "壁龛：声音从这里出发", "Niche: the sound starts here"],
            [[-0.1, 2.3, 0.1], "屋顶：反射角等于入射角", "Roof: thrown back at the angle at which it came"],
            [[1.2, 0.07, 0.42], "多走的路越长，回声来得越晚", "The longer the way, the later the echo"],
          ],
          { stem: 0.3, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 5,
    view: { turn: 14, tilt: 14 },
  });
}
