// A shape is a heap of coloured triangles; normals come last, from the angle between neighbours, so that every maker
// of shapes only has to say where its corners are. Metres, Y up. No materials, no files.
import { add, colour, cross, dot, length, minus, NO_TURN, rotate, times, turned, unit } from "./vectors.mjs";

const SAME_PLACE_M = 1e-4;
/** Neighbours that meet at a sharper angle than this keep an edge between them. */
const CREASE_DEGREES = 40;

export class Shape {
  constructor() {
    /** Each: three corners counter-clockwise from outside, three linear colours. */
    this.faces = [];
  }

  triangle(a, b, c, tint, tintB = tint, tintC = tint) {
    const area = length(cross(minus(b, a), minus(c, a)));
    if (area > 1e-9) this.faces.push({ at: [a, b, c], tint: [colour(tint), colour(tintB), colour(tintC)] });
    return this;
  }

  quad(a, b, c, d, tint) {
    return this.triangle(a, b, c, tint).triangle(a, c, d, tint);
  }

  join(...shapes) {
    for (const shape of shapes) this.faces.push(...shape.faces);
    return this;
  }

  /** Every corner through a function; `mirrored` when it turns the shape inside out. */
  bend(place, mirrored = false) {
    this.faces = this.faces.map(({ at, tint }) => {
      const [a, b, c] = at.map(place);
      return mirrored ? { at: [a, c, b], tint: [tint[0], tint[2], tint[1]] } : { at: [a, b, c], tint };
    });
    return this;
  }

  at(x, y, z) {
    return this.bend((p) => add(p, [x, y, z]));
  }

  turn(axis, degrees) {
    const q = turned(axis, degrees);
    return this.bend((p) => rotate(q, p));
  }

  aim(q) {
    return this.bend((p) => rotate(q, p));
  }

  stretch(x, y = x, z = x) {
    return this.bend((p) => [p[0] * x, p[1] * y, p[2] * z], x * y * z < 0);
  }

  copy() {
    const shape = new Shape();
    shape.faces = this.faces.slice();
    return shape;
  }
}

const key = (p) => p.map((v) => Math.round(v / SAME_PLACE_M)).join();

/** Corners welded by place and colour, for viewers that reckon flat normals themselves: a third of the bytes. */
export function flatMesh(shape) {
  const out = { positions: [], colours: [], indices: [] };
  const seen = new Map();
  for (const { at, tint } of shape.faces) {
    at.forEach((p, corner) => {
      const k = `${key(p)}|${tint[corner].map((v) => Math.round(v * 255))}`;
      if (!seen.has(k)) {
        seen.set(k, seen.size);
        out.positions.push(...p);
        out.colours.push(...tint[corner]);
      }
      out.indices.push(seen.get(k));
    });
  }
  return out;
}

/** Corners welded by place, normal and colour: what is written to the full file and what is drawn. */
export function mesh(shape) {
  const normals = shape.faces.map(({ at }) => cross(minus(at[1], at[0]), minus(at[2], at[0])));
  const around = new Map();
  shape.faces.forEach((face, f) => {
    for (const p of face.at) {
      const k = key(p);
      if (!around.has(k)) around.set(k, []);
      around.get(k).push(f);
    }
  });
  const out = { positions: [], normals: [], colours: [], indices: [] };
  const seen = new Map();
  const limit = Math.cos((CREASE_DEGREES * Math.PI) / 180);
  shape.faces.forEach((face, f) => {
    const own = unit(normals[f]);
    face.at.forEach((p, corner) => {
      let sum = [0, 0, 0];
      for (const g of around.get(key(p))) if (dot(own, unit(normals[g])) > limit) sum = add(sum, normals[g]);
      const n = unit(sum);
      const tint = face.tint[corner];
      const k = `${key(p)}|${n.map((v) => Math.round(v * 500))}|${tint.map((v) => Math.round(v * 255))}`;
      if (!seen.has(k)) {
        seen.set(k, seen.size);
        out.positions.push(...p);
        out.normals.push(...n);
        out.colours.push(...tint);
      }
      out.indices.push(seen.get(k));
    });
  });
  return out;
}

/** Shapes as one. */
export const together = (...shapes) => new Shape().join(...shapes.flat(Number.POSITIVE_INFINITY));

/** The same shape at several places. */
export const repeated = (shape, places, q = NO_TURN) =>
  together(
    places.map((p) =>
      shape
        .copy()
        .aim(q)
        .at(...p),
    ),
  );

/** A frame of two directions square to a third. */
export function frame(direction) {
  const d = unit(direction);
  const side = unit(cross(Math.abs(d[1]) > 0.99 ? [1, 0, 0] : [0, 1, 0], d));
  return [side, unit(cross(d, side))];
}

export const offset = (p, side, up, a, b) => add(p, add(times(side, a), times(up, b)));
