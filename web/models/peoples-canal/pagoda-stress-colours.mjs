// The pressure in a brick tower, in colours: each storey bears all the weight above it. Left a tower that tapers like Taizi
// Lingzong Pagoda, right a straight one of the same height and foot. Storeys and height are the pagoda's; its outline is
// a schematic, and the pressure is that of solid towers, compared with each other and not given in numbers.
import { each, model, Part, part } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { box, cylinder, lathe } from "../kit/solids.mjs";
import { storey } from "../kit/things.mjs";
import { colour, mix } from "../kit/vectors.mjs";

/** Octagonal, thirteen storeys, 45.5 m high: wenshang.gov.cn, 2018-06-07 (facts of the waypoint). */
const [STOREYS, HEIGHT_M] = [13, 45.5];
const SCALE = 1 / 17;
const FOOT_M = 6;
const FINIAL_M = 4;

/** Pale blue over yellow to deep red. */
const SCALE_COLOURS = ["#b9dcf2", "#f3d98b", "#e8834a", "#8f1313"];

function hue(share) {
  const at = Math.min(0.9999, Math.max(0, share)) * (SCALE_COLOURS.length - 1);
  const i = Math.floor(at);
  return mix(colour(SCALE_COLOURS[i]), colour(SCALE_COLOURS[i + 1]), at - i);
}

/** Foot radius of each storey, and of the top. */
const radii = (taper) => each(STOREYS + 1, (i) => FOOT_M * (1 - (taper * i) / STOREYS));
const heights = (taper) => {
  const raw = each(STOREYS, (i) => 1 - (taper * 0.6 * i) / STOREYS);
  const sum = raw.reduce((a, b) => a + b);
  return raw.map((h) => (h / sum) * (HEIGHT_M - FINIAL_M));
};

/** Weight above the foot of each storey, over the storey's area; any unit. */
export function pressures(taper) {
  const [r, h] = [radii(taper), heights(taper)];
  const volume = each(STOREYS, (i) => h[i] * ((r[i] + r[i + 1]) / 2) ** 2);
  return each(STOREYS, (i) => volume.slice(i).reduce((a, b) => a + b) / r[i] ** 2);
}

const HIGHEST = Math.max(...pressures(0));

function tower(name, taper, { round, full }) {
  const [r, h, p] = [radii(taper), heights(taper), pressures(taper)];
  let y = 0;
  const shapes = each(STOREYS, (i) => {
    const tint = hue(p[i] / HIGHEST);
    const one = storey(
      r[i],
      r[i + 1],
      h[i],
      tint,
      tint.map((v) => v * 0.75),
    ).at(0, y, 0);
    const flat = r[i] * Math.cos(Math.PI / 8) * 0.97;
    const doors = full
      ? each(4, (k) =>
          box([0.8, h[i] * 0.42, 0.4], PAINT.ink)
            .at(0, y + h[i] * 0.1, flat - 0.2)
            .turn("y", k * 90),
        )
      : [];
    y += h[i];
    return together(one, doors);
  });
  // The gourd-shaped top, fired clay with a yellow glaze.
  const gourd = lathe(
    [
      [0, 0],
      [1, 0],
      [1.3, 0.7],
      [0.5, 1.4],
      [0.95, 2.1],
      [0.3, 2.9],
      [0, FINIAL_M],
    ],
    PAINT.roof,
    round(12),
  ).at(0, y, 0);
  const base = cylinder(FOOT_M * 1.3, 1.2, PAINT.palestone, 8)
    .turn("y", 22.5)
    .at(0, -1.2, 0);
  const whole = part(name, together(shapes, gourd, base));
  whole.scale = [SCALE, SCALE, SCALE];
  return whole;
}

export default function make(detail) {
  const ground = box([3.4, 0.08, 1.5], PAINT.stone, detail.bevel(0.02));
  const bar = together(
    each(20, (i) => box([0.16, 0.1, 0.1], hue(1 - i / 19)).at(0, 0.08 + i * 0.1, 0)),
    box([0.2, 0.08, 0.14], PAINT.ink).at(0, 2.08, 0),
  );
  return model({
    parts: [
      part("ground", ground),
      tower("tapering tower", 0.62, detail).at(-0.9, 0.15, 0),
      tower("straight tower", 0, detail).at(0.9, 0.15, 0),
      part("scale of colours", bar).at(0, 0, -0.3),
      new Part("pins").put(
        pins(
          [
            [[-1.4, 0.08, 0.6], "下大上小：塔底的压力较小", "Tapering: less pressure at the foot"],
            [[1.5, 0.08, 0.6], "上下一样粗：塔底的压力最大", "Straight: the greatest pressure at the foot"],
            [
              [0, 2.16, -0.3],
              "颜色：下红压力大，上蓝压力小",
              "Colours: red below is high pressure, blue above low",
            ],
          ],
          { stem: 0.25, size: 0.15 },
        ),
      ),
    ],
    view: { turn: 18, tilt: 9 },
  });
}
