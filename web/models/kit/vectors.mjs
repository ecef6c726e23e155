// Plain arithmetic on [x, y, z] arrays and on quaternions [x, y, z, w]. Nothing here knows of shapes or files.
export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a) => Math.sqrt(dot(a, a));
export const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);
export const cross = (a, b) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const unit = (a) => {
  const l = length(a);
  return l > 0 ? times(a, 1 / l) : [0, 1, 0];
};

export const radians = (degrees) => (degrees * Math.PI) / 180;
export const NO_TURN = [0, 0, 0, 1];
const AXES = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };

/** The quaternion of a turn about an axis, given by name or as a direction. */
export function turned(axis, degrees) {
  const [x, y, z] = typeof axis === "string" ? AXES[axis] : unit(axis);
  const half = radians(degrees) / 2;
  const s = Math.sin(half);
  return [x * s, y * s, z * s, Math.cos(half)];
}

/** The turn that takes the +Y axis to a direction. */
export function pointing(direction) {
  const d = unit(direction);
  if (d[1] < -0.999999) return [1, 0, 0, 0];
  const c = cross([0, 1, 0], d);
  const q = [c[0], c[1], c[2], 1 + d[1]];
  const l = Math.hypot(...q);
  return q.map((v) => v / l);
}

/** First b, then a. */
export function after(a, b) {
  const [ax, ay, az, aw] = a;
  const [bx, by, bz, bw] = b;
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

export function rotate(q, v) {
  const u = [q[0], q[1], q[2]];
  const t = times(cross(u, v), 2);
  return add(add(v, times(t, q[3])), cross(u, t));
}

/** The way between two turns, along the shorter arc. */
export function slerp(a, b, t) {
  let c = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const to = c < 0 ? b.map((v) => -v) : b;
  c = Math.abs(c);
  if (c > 0.9995) {
    const q = mix(a, to, t);
    const l = Math.hypot(...q);
    return q.map((v) => v / l);
  }
  const angle = Math.acos(c);
  const [p, q] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
  return a.map((v, i) => v * p + to[i] * q);
}

/** "#rrggbb" to linear light, as glTF wants its colours. */
export function colour(hex) {
  if (Array.isArray(hex)) return hex;
  const part = (at) => {
    const v = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

/** A repeatable stream of numbers from 0 to 1 (mulberry32): the same model from the same seed. */
export function chance(seed) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
