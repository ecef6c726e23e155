// Draws a model without a graphics card: z-buffer, one lamp with shadows, sky light, four samples a pixel. Good enough
// for a preview picture and for looking at a model from all sides; not meant to be a renderer.
import { every, valueAt } from "./model.mjs";
import { mesh } from "./shape.mjs";
import { add, cross, dot, minus, radians, rotate, times, unit } from "./vectors.mjs";
import { MATERIALS } from "./write.mjs";

const NOON_LAMP = unit([-0.55, 1, 0.7]);
const SHADOW_EDGE = 1024;
/** How far off the camera stands, in diagonals of the model. */
const DISTANCE = 2;

/** Every triangle of the model as it stands at a moment, in world metres. */
export function triangles(model, second = model.still) {
  const out = [];
  const meshes = new Map();
  const visit = (part, place, direct) => {
    const [t, r, s] = ["translation", "rotation", "scale"].map((p) => valueAt(part, p, second));
    if (Math.max(...s) < 0.01) return;
    const here = (p) => place(add(t, rotate(r, [p[0] * s[0], p[1] * s[1], p[2] * s[2]])));
    const along = (n) => direct(unit(rotate(r, [n[0] / s[0], n[1] / s[1], n[2] / s[2]])));
    for (const { shape, material } of part.skins) {
      if (!meshes.has(shape)) meshes.set(shape, mesh(shape));
      collect(out, meshes.get(shape), material, here, along);
    }
    for (const child of part.children) visit(child, here, along);
  };
  visit(
    model.root,
    (p) => p,
    (n) => n,
  );
  return out;
}

function collect(out, { positions, normals, colours, indices }, material, here, along) {
  const three = (list, i) => [list[3 * i], list[3 * i + 1], list[3 * i + 2]];
  const points = [];
  const ways = [];
  for (let i = 0; i < positions.length / 3; i++) {
    points.push(here(three(positions, i)));
    ways.push(along(three(normals, i)));
  }
  for (let i = 0; i < indices.length; i += 3) {
    const corner = [indices[i], indices[i + 1], indices[i + 2]];
    out.push({
      at: corner.map((c) => points[c]),
      n: corner.map((c) => ways[c]),
      tint: corner.map((c) => three(colours, c)),
      material,
    });
  }
}

/** The box round all parts, whatever the moment. */
function bounds(faces) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const { at } of faces) {
    for (const p of at) {
      for (let i = 0; i < 3; i++) {
        low[i] = Math.min(low[i], p[i]);
        high[i] = Math.max(high[i], p[i]);
      }
    }
  }
  return { middle: times(add(low, high), 0.5), low, high };
}

/** A camera that fills the picture; `turn` 0 looks from the south, `tilt` from above. */
function camera(faces, turn, tilt, edge) {
  const { middle, low, high } = bounds(faces);
  const [a, b] = [radians(turn), radians(tilt)];
  const back = [Math.sin(a) * Math.cos(b), Math.sin(b), Math.cos(a) * Math.cos(b)];
  const right = unit(cross([0, 1, 0], back));
  const up = cross(back, right);
  const eye = add(middle, times(back, Math.hypot(...minus(high, low)) * DISTANCE));
  const see = (p) => {
    const d = minus(p, eye);
    const deep = -dot(d, back);
    return [dot(d, right) / deep, -dot(d, up) / deep, 1 / deep];
  };
  const seen = faces.flatMap(({ at }) => at.map(see));
  const range = (k) => [
    seen.reduce((m, p) => Math.min(m, p[k]), Infinity),
    seen.reduce((m, p) => Math.max(m, p[k]), -Infinity),
  ];
  const [[x0, x1], [y0, y1]] = [range(0), range(1)];
  const zoom = (edge * 0.96) / Math.max(x1 - x0, y1 - y0);
  return (p) => {
    const [x, y, z] = see(p);
    return [edge / 2 + (x - (x0 + x1) / 2) * zoom, edge / 2 + (y - (y0 + y1) / 2) * zoom, z];
  };
}

/** Calls `put(index, weights)` for each sample that a triangle covers. */
function scan([a, b, c], edge, put) {
  const area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
  if (area === 0) return;
  const x0 = Math.max(0, Math.floor(Math.min(a[0], b[0], c[0])));
  const x1 = Math.min(edge - 1, Math.ceil(Math.max(a[0], b[0], c[0])));
  const y0 = Math.max(0, Math.floor(Math.min(a[1], b[1], c[1])));
  const y1 = Math.min(edge - 1, Math.ceil(Math.max(a[1], b[1], c[1])));
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const u = ((b[0] - px) * (c[1] - py) - (c[0] - px) * (b[1] - py)) / area;
      const v = ((c[0] - px) * (a[1] - py) - (a[0] - px) * (c[1] - py)) / area;
      const w = 1 - u - v;
      if (u >= 0 && v >= 0 && w >= 0) put(y * edge + x, u, v, w);
    }
  }
}

/** Depth as the lamp sees it, to know what stands in its own shadow. */
function shadows(faces, lamp) {
  const { middle, low, high } = bounds(faces);
  const right = unit(cross([0, 1, 0], lamp));
  const up = cross(lamp, right);
  const reach = Math.hypot(...minus(high, low)) / 2 || 1;
  const see = (p) => {
    const d = minus(p, middle);
    const on = (axis) => (dot(d, axis) / reach / 2 + 0.5) * SHADOW_EDGE;
    return [on(right), on(up), dot(d, lamp)];
  };
  const depth = new Float32Array(SHADOW_EDGE * SHADOW_EDGE).fill(-Infinity);
  for (const { at, material } of faces) {
    if (MATERIALS[material].alpha < 1 || MATERIALS[material].unlit) continue;
    const p = at.map(see);
    scan(p, SHADOW_EDGE, (i, u, v, w) => {
      depth[i] = Math.max(depth[i], u * p[0][2] + v * p[1][2] + w * p[2][2]);
    });
  }
  const dark = (p) => {
    const [x, y, z] = see(p);
    const i = Math.floor(y) * SHADOW_EDGE + Math.floor(x);
    return depth[i] > z + reach * 0.012;
  };
  return { lamp, dark };
}

function light(tint, n, p, { unlit, metal, alpha }, { lamp: way, dark }) {
  if (unlit) return tint;
  const facing = Math.max(0, dot(n, way));
  const lamp = alpha === 1 && dark(p) ? 0 : facing;
  const shine = metal ? 0.35 * facing ** 12 : 0;
  return tint.map((v) => v * (0.42 + 0.2 * n[1] + 0.62 * lamp) + (lamp > 0 ? shine : 0));
}

const toScreen = (v) => {
  const c = Math.min(1, Math.max(0, v));
  return c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055;
};

/** A square picture with a clear background: eight bits, RGBA. */
export function draw(model, { edge = 512, turn = model.view.turn, tilt = model.view.tilt } = {}) {
  const wide = edge * 2;
  const faces = triangles(model);
  const see = camera(faces, turn, tilt, wide);
  const sky = shadows(faces, unit(model.view.lamp ?? NOON_LAMP));
  const samples = { colour: new Float32Array(wide * wide * 3), alpha: new Float32Array(wide * wide) };
  const depth = new Float32Array(wide * wide);
  const solid = faces.filter((f) => MATERIALS[f.material].alpha === 1);
  const clear = faces
    .filter((f) => MATERIALS[f.material].alpha < 1)
    .map((f) => ({ ...f, seen: f.at.map(see) }));
  clear.sort((a, b) => a.seen[0][2] - b.seen[0][2]);
  for (const face of solid) paint({ ...face, seen: face.at.map(see) }, wide, depth, samples, sky);
  for (const face of clear) paint(face, wide, depth, samples, sky);
  return shrink(samples, edge);
}

function paint({ at, n, tint, material, seen }, wide, depth, samples, sky) {
  const surface = MATERIALS[material];
  const [a, b, c] = seen;
  const front = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]) < 0;
  if (!front && surface.alpha === 1) return;
  scan(seen, wide, (i, u, v, w) => {
    const near = u * a[2] + v * b[2] + w * c[2];
    if (near <= depth[i]) return;
    // Weights on the screen become weights on the triangle when divided by depth.
    const weights = [(u * a[2]) / near, (v * b[2]) / near, (w * c[2]) / near];
    const blend = (list) =>
      [0, 1, 2].map((k) => list[0][k] * weights[0] + list[1][k] * weights[1] + list[2][k] * weights[2]);
    const normal = unit(blend(n));
    const lit = light(blend(tint), front ? normal : times(normal, -1), blend(at), surface, sky);
    for (let k = 0; k < 3; k++) {
      const old = samples.colour[3 * i + k];
      samples.colour[3 * i + k] =
        old + (toScreen(lit[k]) - old) * (samples.alpha[i] === 0 ? 1 : surface.alpha);
    }
    samples.alpha[i] += (1 - samples.alpha[i]) * surface.alpha;
    if (surface.alpha === 1) depth[i] = near;
  });
}

/** Four samples to one pixel, weighted by how much each of them covers. */
function shrink({ colour, alpha }, edge) {
  const out = new Uint8Array(edge * edge * 4);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      const four = [0, 1, 2, 3].map((k) => (2 * y + (k >> 1)) * edge * 2 + 2 * x + (k & 1));
      const cover = four.reduce((sum, i) => sum + alpha[i], 0);
      const o = 4 * (y * edge + x);
      for (let k = 0; k < 3; k++) {
        const sum = four.reduce((total, i) => total + colour[3 * i + k] * alpha[i], 0);
        out[o + k] = cover > 0 ? Math.round((sum / cover) * 255) : 0;
      }
      out[o + 3] = Math.round((cover / 4) * 255);
    }
  }
  return out;
}

export const count = (model) =>
  [...every(model.root)].reduce(
    (sum, part) => sum + part.skins.reduce((n, { shape }) => n + shape.faces.length, 0),
    0,
  );
