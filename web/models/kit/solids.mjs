// The solids that models are made of. Each stands with its foot on y = 0 and its middle over the origin unless it
// follows a path of its own. Round ones take a segment count: that is where the reduced variant saves.
import { ShapeUtils, Vector2 } from "three";
import { frame, offset, Shape, together } from "./shape.mjs";
import { add, length, minus, pointing, times, unit } from "./vectors.mjs";

/** A box; with a bevel its edges catch the light. */
export function box([w, h, d], tint, bevel = 0) {
  const b = Math.min(bevel, w / 2.1, h / 2.1, d / 2.1);
  const [x, z] = [w / 2, d / 2];
  const shape = new Shape();
  // One corner of the face that looks along `axis`, inside the bevel.
  const corner = (s, axis) => [
    s[0] * (x - (axis === 0 ? 0 : b)),
    s[1] > 0 ? h - (axis === 1 ? 0 : b) : axis === 1 ? 0 : b,
    s[2] * (z - (axis === 2 ? 0 : b)),
  ];
  for (let axis = 0; axis < 3; axis++) {
    for (const sign of [1, -1]) {
      const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
      const ring = [
        [-1, -1],
        [1, -1],
        [1, 1],
        [-1, 1],
      ].map(([p, q]) => {
        const s = [0, 0, 0];
        s[axis] = sign;
        s[u] = p;
        s[v] = q;
        return s;
      });
      if (sign < 0) ring.reverse();
      shape.quad(...ring.map((s) => corner(s, axis)), tint);
      if (b === 0) continue;
      // Two of the three bevels that this face shares belong to it: each edge of the box is made once.
      for (const other of [1, -1]) {
        const at = (along) => {
          const s = [0, 0, 0];
          s[axis] = sign;
          s[u] = other;
          s[v] = along;
          return s;
        };
        const edge = [corner(at(-1), axis), corner(at(1), axis), corner(at(1), u), corner(at(-1), u)];
        if (sign * other < 0) edge.reverse();
        shape.quad(...edge.reverse(), tint);
      }
    }
  }
  if (b > 0) {
    for (let i = 0; i < 8; i++) {
      const s = [i & 1 ? 1 : -1, i & 2 ? 1 : -1, i & 4 ? 1 : -1];
      const tri = [corner(s, 0), corner(s, 1), corner(s, 2)];
      if (s[0] * s[1] * s[2] < 0) tri.reverse();
      shape.triangle(...tri, tint);
    }
  }
  return shape;
}

/** Standing water: a box without its underside, which would lie on the ground and flicker there. */
export function pool(size, tint) {
  const shape = box(size, tint);
  shape.faces = shape.faces.filter(({ at }) => at.some((p) => p[1] > 0));
  return shape;
}

/** Rows of points joined to a skin; `closed` joins the last column to the first. Outside is to the right of the way
 * along a row when rows go up. */
export function skin(rows, tint, closed = false) {
  const shape = new Shape();
  const columns = rows[0].length;
  const at = (r, c) => rows[r][c % columns];
  for (let r = 0; r + 1 < rows.length; r++) {
    for (let c = 0; c + (closed ? 0 : 1) < columns; c++) {
      const t = typeof tint === "function" ? tint(r, c) : tint;
      shape.quad(at(r, c), at(r, c + 1), at(r + 1, c + 1), at(r + 1, c), t);
    }
  }
  return shape;
}

/** A profile of [radius, height], from foot to top, turned about the vertical. */
export function lathe(profile, tint, segments = 24, from = 0) {
  const rows = profile.map(([r, y]) =>
    Array.from({ length: segments }, (_, s) => {
      const a = from - (s / segments) * 2 * Math.PI;
      return [r * Math.cos(a), y, r * Math.sin(a)];
    }),
  );
  return skin(rows, tint, true);
}

/** A closed outline of [radius, height], counter-clockwise, turned from one angle to another, with its two cut faces. */
export function wedge(outline, from, to, tint, segments = 12, cut = tint) {
  const at = ([r, y], a) => [r * Math.cos(a), y, -r * Math.sin(a)];
  const rows = [...outline, outline[0]].map((p) =>
    Array.from({ length: segments + 1 }, (_, s) => at(p, from + ((to - from) * s) / segments)),
  );
  const shape = skin(rows, tint);
  const face = prism(outline, 0.001, cut).faces.filter(({ at: p }) => p.every((q) => q[2] > 0));
  for (const { at: p } of face) {
    const [a, b, c] = p.map((q) => at(q, from));
    const [d, e, f] = p.map((q) => at(q, to));
    shape.triangle(a, b, c, cut).triangle(d, f, e, cut);
  }
  return shape;
}

export const cylinder = (radius, height, tint, segments = 24, top = radius) =>
  lathe(
    [
      [0, 0],
      [radius, 0],
      [top, height],
      [0, height],
    ],
    tint,
    segments,
  );

export function ball(radius, tint, segments = 16) {
  const rings = Math.max(4, Math.round(segments / 2));
  const profile = Array.from({ length: rings + 1 }, (_, i) => {
    const a = (i / rings) * Math.PI;
    return [radius * Math.sin(a), -radius * Math.cos(a)];
  });
  return lathe(profile, tint, segments);
}

/** An outline of [x, y], counter-clockwise, drawn out along z: from -depth/2 to depth/2. */
export function prism(outline, depth, tint, side = tint) {
  const shape = new Shape();
  const [front, back] = [depth / 2, -depth / 2];
  const points = outline.map(([x, y]) => new Vector2(x, y));
  const ring = ShapeUtils.isClockWise(points) ? outline.slice().reverse() : outline;
  const corners = ring.map(([x, y]) => new Vector2(x, y));
  for (const [a, b, c] of ShapeUtils.triangulateShape(corners, [])) {
    const p = (i, z) => [ring[i][0], ring[i][1], z];
    // The triangulation keeps no promise about which way round its triangles run.
    if (ShapeUtils.isClockWise([corners[a], corners[b], corners[c]])) {
      shape.triangle(p(a, front), p(c, front), p(b, front), tint);
      shape.triangle(p(a, back), p(b, back), p(c, back), tint);
      continue;
    }
    shape.triangle(p(a, front), p(b, front), p(c, front), tint);
    shape.triangle(p(a, back), p(c, back), p(b, back), tint);
  }
  ring.forEach(([x, y], i) => {
    const [u, v] = ring[(i + 1) % ring.length];
    shape.quad([x, y, back], [u, v, back], [u, v, front], [x, y, front], side);
  });
  return shape;
}

/** A round rod along a path; the radius may change from start to end. */
export function tube(path, radius, tint, segments = 8, end = radius) {
  const rows = path.map((p, i) => {
    const d = minus(path[Math.min(i + 1, path.length - 1)], path[Math.max(i - 1, 0)]);
    const [side, up] = frame(d);
    const r = radius + ((end - radius) * i) / (path.length - 1);
    return Array.from({ length: segments }, (_, s) => {
      const a = (s / segments) * 2 * Math.PI;
      return offset(p, side, up, r * Math.cos(a), r * Math.sin(a));
    });
  });
  const shape = skin(rows, tint, true);
  const last = rows.at(-1);
  rows[0].forEach((p, s) => {
    shape.triangle(path[0], rows[0][(s + 1) % segments], p, tint);
    shape.triangle(path.at(-1), last[s], last[(s + 1) % segments], tint);
  });
  return shape;
}

/** A rod with a head, from one point to another. */
export function arrow(from, to, radius, tint, segments = 8) {
  const way = minus(to, from);
  const head = Math.min(radius * 5, length(way) * 0.5);
  const neck = add(to, times(unit(way), -head));
  const tip = lathe(
    [
      [0, 0],
      [radius * 2.4, 0],
      [0, head],
    ],
    tint,
    segments,
  ).aim(pointing(way));
  return together(tube([from, neck], radius, tint, segments), tip.at(...neck));
}

/** A flat strip along a path on the ground, seen from above. */
export function ribbon(path, width, tint) {
  const rows = path.map((p, i) => {
    const d = minus(path[Math.min(i + 1, path.length - 1)], path[Math.max(i - 1, 0)]);
    const side = unit([d[2], 0, -d[0]]);
    const w = (typeof width === "function" ? width(i / (path.length - 1)) : width) / 2;
    return [add(p, times(side, w)), add(p, times(side, -w))];
  });
  return skin(rows, tint);
}

/** Ground over a rectangle, with walls down to `foot`: like a piece cut from the land. */
export function land({ width, depth, columns, rows, height, tint, wall, foot = 0 }) {
  const shape = new Shape();
  const point = (c, r) => {
    const [x, z] = [(c / columns - 0.5) * width, (r / rows - 0.5) * depth];
    return [x, height(x, z), z];
  };
  const hue = (p) => (typeof tint === "function" ? tint(...p) : tint);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [p, q, s, t] = [point(c, r), point(c, r + 1), point(c + 1, r + 1), point(c + 1, r)];
      shape.triangle(p, q, s, hue(p), hue(q), hue(s)).triangle(p, s, t, hue(p), hue(s), hue(t));
    }
  }
  const down = ([x, , z]) => [x, foot, z];
  const edge = (a, b) => {
    shape.quad(down(a), down(b), b, a, typeof wall === "function" ? wall(a) : wall);
  };
  for (let c = 0; c < columns; c++) {
    edge(point(c, rows), point(c + 1, rows));
    edge(point(c + 1, 0), point(c, 0));
  }
  for (let r = 0; r < rows; r++) {
    edge(point(0, r), point(0, r + 1));
    edge(point(columns, r + 1), point(columns, r));
  }
  return shape;
}
