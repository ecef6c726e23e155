// A courtyard house cut open: under the same eaves the high summer sun stays outside and the low winter sun reaches into the
// room. The sun's heights are computed for the latitude; the house is a schematic.
import { each, model, Part, part, shown, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { arrow, ball, box, cylinder, prism } from "../kit/solids.mjs";
import { cypress, person } from "../kit/things.mjs";
import { radians } from "../kit/vectors.mjs";
import { noonHeightDegrees } from "./gnomon-noon-shadow.mjs";

const SCALE = 1 / 4;
const SECONDS = 14;
const HALF = SECONDS / 2;
const DEEP_M = 4;
/** Heights and places in the section: z runs south, the room lies between the walls. */
const [NORTH_M, SOUTH_M, FLOOR_M] = [-4.5, 0, 0.5];
const EAVE = { z: 1.3, y: 3.5 };
const RIDGE = { z: -2.25, y: 5.8 };
const [SILL_M, LINTEL_M] = [0.9, 3.1];
const SUN_M = 6.6;

/** A profile of [z, y] drawn out along x: the section faces east. */
const along = (profile, tint, side) =>
  prism(
    profile.map(([z, y]) => [-z, y]),
    DEEP_M,
    tint,
    side,
  ).turn("y", 90);

function house({ round, bevel }) {
  const back = { z: NORTH_M - 1.1, y: 3.5 };
  const slope = (thick) => [
    [EAVE.z, EAVE.y + thick],
    [-0.4, 4.35 + thick],
    [RIDGE.z, RIDGE.y + thick],
    [-4.1, 4.35 + thick],
    [back.z, back.y + thick],
  ];
  const roof = along([...slope(0.32), ...slope(0).reverse()], PAINT.palewood, PAINT.greybrick);
  const ridge = box([DEEP_M + 0.1, 0.35, 0.3], PAINT.darkstone, bevel(0.04)).at(0, RIDGE.y + 0.25, RIDGE.z);
  const platform = box([DEEP_M, FLOOR_M, 6.2], PAINT.palestone, bevel(0.05)).at(0, 0, -2.1);
  const north = box([DEEP_M, 3.6, 0.5], PAINT.greybrick).at(0, FLOOR_M, NORTH_M);
  const south = together(
    box([DEEP_M, SILL_M, 0.35], PAINT.greybrick).at(0, FLOOR_M, SOUTH_M),
    box([DEEP_M, 0.45, 0.3], PAINT.red).at(0, FLOOR_M + LINTEL_M, SOUTH_M),
    each(7, (i) =>
      box([0.07, LINTEL_M - SILL_M, 0.07], PAINT.red).at((i - 3) * 0.6, FLOOR_M + SILL_M, SOUTH_M),
    ),
    each(2, (i) => box([DEEP_M, 0.06, 0.06], PAINT.red).at(0, FLOOR_M + SILL_M + 0.7 * (i + 1), SOUTH_M)),
  );
  const columns = [-1.9, 0, 1.9].map((x) => cylinder(0.13, 3.2, PAINT.red, round(12)).at(x, FLOOR_M, 0.75));
  const beam = box([0.3, 0.4, 4.6], PAINT.wood).at(-1.7, FLOOR_M + 3.25, -2.2);
  const table = together(
    box([1.2, 0.08, 0.8], PAINT.wood).at(-0.8, FLOOR_M + 0.75, -1.6),
    [-1.3, -0.3].map((x) => box([0.1, 0.75, 0.7], PAINT.darkwood).at(x, FLOOR_M, -1.6)),
  );
  return together(roof, ridge, platform, north, south, columns, beam, table);
}

function court(detail) {
  const wall = together(
    box([DEEP_M, 2.4, 0.4], PAINT.greybrick).at(0, 0, 6.2),
    box([DEEP_M + 0.1, 0.25, 0.8], PAINT.darkstone, detail.bevel(0.05)).at(0, 2.4, 6.2),
  );
  const paving = each(5, (i) =>
    box([DEEP_M - 0.1, 0.03, 0.8], i % 2 ? PAINT.stone : PAINT.palestone).at(0, 0, 1.65 + i * 0.95),
  );
  return together(
    box([DEEP_M + 0.2, 0.25, 12.4], PAINT.earth).at(0, -0.25, 0.6),
    wall,
    paving,
    cypress(2.6, PAINT.leaf, detail).at(-1.2, 0, 4.6),
    person(1.6, PAINT.cloth, detail).at(0.6, FLOOR_M, -3.2),
  );
}

/** Rays of one season: each comes down at the sun's height until it meets roof, ground or floor. */
function season(name, share, [from, to], tint, detail) {
  const height = radians(noonHeightDegrees(share));
  const way = [-Math.sin(height), Math.cos(height)];
  // In winter a ray passes under the eave and over the sill, one is stopped by the sill, one clears the court's wall.
  const ends =
    share === 0
      ? [
          [-3.2, FLOOR_M],
          [-1.9, FLOOR_M],
          [0.2, FLOOR_M + 0.5],
          [1.75, 0.05],
        ]
      : [
          [-0.6, 4.85],
          [0.5, 4.25],
          [1.45, 0.05],
          [3.2, 0.05],
        ];
  const x = DEEP_M / 2 + 0.06;
  const rays = ends.map(([z, y]) =>
    arrow([x, y - way[0] * SUN_M * 0.62, z + way[1] * SUN_M * 0.62], [x, y, z], 0.06, tint, detail.round(8)),
  );
  const target = [x, 2.2, 0.8];
  const sun = ball(0.55, PAINT.sun, detail.round(18)).at(
    x,
    target[1] + Math.sin(height) * SUN_M,
    target[2] + Math.cos(height) * SUN_M,
  );
  return part(`${name} sun`, together(rays, sun), "glow").move("scale", shown(from, to, SECONDS));
}

/** The lit part of the floor in winter. */
const lit = () =>
  part("sunlit floor", box([DEEP_M - 0.1, 0.02, 2.2], "#ffe08a").at(0, FLOOR_M + 0.005, -2.6), "glow").move(
    "scale",
    shown(HALF, SECONDS - 0.05, SECONDS),
  );

/** Summer air: in at the window, up, and out under the roof. */
function air({ round }) {
  const skins = [{ shape: ball(0.11, "#7cc6f2", round(8)), material: "glow" }];
  const x = DEEP_M / 2 + 0.1;
  return [0, 0.5].flatMap((dy, i) =>
    stream({
      name: `air ${i + 1}`,
      skins,
      count: 4,
      seconds: SECONDS,
      laps: 3,
      late: i * 0.5,
      during: [0, HALF - 0.05],
      path: [
        [x, 0.8 + dy, 4.6],
        [x, 1.7 + dy, 1.4],
        [x, 2.0 + dy, 0],
        [x, 2.2 + dy, -2],
        [x, 3.3 + dy * 0.4, -3.4],
        [x, 4.0, -1],
        [x, 3.95, 1.6],
        [x, 5.6, 2.6],
      ],
    }),
  );
}

const labels = () =>
  new Part("pins").put(
    pins(
      [
        [[-0.3, 0.92, 0.28], "屋檐：挡住夏天高高的太阳", "Eaves: they keep out the high summer sun"],
        [[0.4, 0.19, -0.75], "冬天低低的阳光照进屋里", "The low winter sun reaches into the room"],
        [[-0.3, 0.68, 1.55], "院子：空气从这里进出", "Court: the air comes and goes this way"],
      ],
      { stem: 0.22, size: 0.15 },
    ),
  );

export default function make(detail) {
  const cut = new Part("house").put(
    part("building", house(detail)),
    part("court", court(detail)),
    lit(),
    air(detail),
    season("summer", 0.5, [0, HALF - 0.05], "#ff8a1f", detail),
    season("winter", 0, [HALF, SECONDS - 0.05], PAINT.sun, detail),
  );
  cut.scale = [SCALE, SCALE, SCALE];
  return model({
    parts: [cut.at(0, 0.06, 0), labels()],
    seconds: SECONDS,
    still: HALF + 2,
    view: { turn: 62, tilt: 17 },
  });
}
