// Two towers of thirteen storeys on a shaking table: one narrows evenly, the other suddenly above the seventh storey, as
// Xinglong Pagoda does. Storeys and outline follow the place; sway and cracks are exaggerated and schematic.
import { each, model, Part, part, rising } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, lathe, tube } from "../kit/solids.mjs";
import { storey } from "../kit/things.mjs";
import { chance, turned } from "../kit/vectors.mjs";

/** Octagonal, thirteen storeys, 54 m high, base circuit 48 m, a 2 m terrace above the seventh storey where it shrinks:
 * dinglibuild.com, awee.cn (facts of the waypoint). */
const [STOREYS, JOINT, HEIGHT_M, CIRCUIT_M, TERRACE_M] = [13, 7, 54, 48, 2];
const SCALE = 1 / 22;
/** An octagon whose eight sides make up the circuit. */
const BASE_M = CIRCUIT_M / 8 / (2 * Math.sin(Math.PI / 8));
const SECONDS = 8;
const SWINGS = 6;
const SWAY_M = 0.08;

/** Radius at the foot of each storey; the jump is the terrace. */
const radii = (sudden) =>
  each(STOREYS + 1, (i) => {
    const even = BASE_M * (1 - (0.72 * i) / STOREYS);
    if (!sudden) return even;
    if (i < JOINT) return BASE_M * (1 - 0.035 * i);
    return (BASE_M * (1 - 0.035 * (JOINT - 1)) - TERRACE_M / Math.cos(Math.PI / 8)) * (1 - 0.1 * (i - JOINT));
  });

function storeys(sudden, from, to, { full }) {
  const r = radii(sudden);
  const heights = each(STOREYS, (i) => (sudden && i >= JOINT ? 0.55 : 1.05) * (1 - 0.015 * i));
  const sum = heights.reduce((a, b) => a + b);
  const high = (i) => (heights[i] / sum) * HEIGHT_M * 0.92;
  let y = 0;
  const shapes = [];
  for (let i = from; i < to; i++) {
    const head = i + 1 === JOINT && sudden ? r[i] * 0.97 : r[i + 1];
    shapes.push(storey(r[i], head, high(i), i % 2 ? "#a8765c" : PAINT.brick, PAINT.greybrick).at(0, y, 0));
    if (full) shapes.push(doors(r[i], high(i)).at(0, y, 0));
    y += high(i);
  }
  return { shape: together(shapes), height: y };
}

/** A dark doorway on the four main sides. */
function doors(radius, height) {
  const flat = radius * Math.cos(Math.PI / 8) * 0.985;
  return together(
    each(4, (i) =>
      box([height * 0.26, height * 0.42, 0.3], PAINT.ink)
        .at(0, height * 0.1, flat - 0.1)
        .turn("y", i * 90),
    ),
  );
}

const finial = ({ round }) =>
  lathe(
    [
      [0, 0],
      [1, 0],
      [1.2, 0.8],
      [0.4, 1.4],
      [0.9, 2.2],
      [0.3, 3],
      [0, 4.3],
    ],
    PAINT.roof,
    round(12),
  );

const rocking = (degrees, lag) =>
  each(97, (i) => {
    const t = (i / 96) * SECONDS;
    return [t, turned("z", degrees * swell(t) * Math.sin(2 * Math.PI * ((SWINGS * t) / SECONDS - lag)))];
  });

/** The shaking swells and dies away once in the loop. */
const swell = (t) => Math.sin((Math.PI * t) / SECONDS) ** 0.7;

const table = () =>
  each(97, (i) => {
    const t = (i / 96) * SECONDS;
    return [t, [SWAY_M * swell(t) * Math.sin((2 * Math.PI * SWINGS * t) / SECONDS), 0, 0]];
  });

/** Cracks round the joint: jagged red lines that grow while the table shakes. */
function cracks(radius) {
  const random = chance(7);
  const lines = each(14, (i) => {
    const a = (i / 14) * 2 * Math.PI + random() * 0.3;
    let y = 0.6;
    return tube(
      each(5, () => {
        const b = a + (random() - 0.5) * 0.3;
        y -= 1.2 + random();
        return [radius * Math.cos(b), y + 1.9, radius * Math.sin(b)];
      }),
      0.3,
      "#ff3b24",
      5,
      0.08,
    );
  });
  return part("cracks", together(lines), "glow").move("scale", rising([1.8, 4.2, 7.4, 7.9], SECONDS));
}

function tower(name, sudden, detail) {
  const lower = storeys(sudden, 0, JOINT, detail);
  const upper = storeys(sudden, JOINT, STOREYS, detail);
  const head = new Part(`${name}: upper storeys`)
    .add(upper.shape)
    .add(finial(detail).at(0, upper.height - 0.3, 0));
  head.at(0, lower.height, 0).move("rotation", rocking(sudden ? 5.5 : 0.7, 0.12));
  const body = new Part(`${name}: lower storeys`).add(lower.shape).put(head);
  body.move("rotation", rocking(0.9, 0.06));
  if (sudden) body.put(cracks(radii(true)[JOINT - 1] * 1.01).at(0, lower.height - 3.6, 0));
  const base = cylinder(BASE_M * 1.25, 1.2, PAINT.palestone, 8).turn("y", 22.5);
  const whole = new Part(name).add(base).put(body.at(0, 1.2, 0));
  whole.scale = [SCALE, SCALE, SCALE];
  return whole;
}

export default function make(detail) {
  const { bevel, round } = detail;
  const top = together(
    box([3.1, 0.12, 1.3], PAINT.iron, bevel(0.03)).at(0, 0.16, 0),
    [-1, 1].map((s) => arrowHead(s).at(s * 1.72, 0.22, 0)),
  );
  const foot = together(
    box([3.7, 0.08, 1.5], PAINT.stone, bevel(0.02)),
    each(9, (i) =>
      cylinder(0.04, 1.3, PAINT.grey, round(10))
        .turn("x", 90)
        .at((i - 4) * 0.34, 0.12, -0.65),
    ),
  );
  const moving = part("shaking table", top)
    .move("translation", table())
    .put(
      tower("even taper", false, detail).at(-0.8, 0.28, 0),
      tower("sudden narrowing", true, detail).at(0.8, 0.28, 0),
    );
  return model({
    parts: [
      part("foot", foot),
      moving,
      new Part("pins").put(
        pins(
          [
            [[-1.5, 0.08, 0.68], "均匀收细：力逐层变化", "Even taper: the forces change little by little"],
            [
              [1.5, 0.08, 0.68],
              "第七层以上突然变细：力集中在这里，先裂",
              "Sudden narrowing above the seventh storey: forces gather, cracks begin",
            ],
          ],
          { stem: 0.3, size: 0.17 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 4.25,
    view: { turn: 16, tilt: 10 },
  });
}

const arrowHead = (s) =>
  lathe(
    [
      [0, 0],
      [0.1, 0],
      [0, 0.2],
    ],
    PAINT.red,
    10,
  ).turn("z", -90 * s);
