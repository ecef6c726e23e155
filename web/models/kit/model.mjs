// A model is a tree of parts: what each is made of, where it stands and how it moves. Writer and painter read this tree;
// it knows nothing of files. One loop of `seconds` holds every motion, so that all of them begin anew together.
import { mix, NO_TURN, slerp } from "./vectors.mjs";

export class Part {
  constructor(name) {
    this.name = name;
    /** Each: a shape and the name of its material. */
    this.skins = [];
    this.children = [];
    this.translation = [0, 0, 0];
    this.rotation = NO_TURN;
    this.scale = [1, 1, 1];
    /** By property: [[second, value], …], straight between the keys. */
    this.tracks = {};
    this.extras = null;
  }

  /** Parts given the same skins share one mesh in the file. */
  wear(skins) {
    this.skins = skins;
    return this;
  }

  add(shape, material = "matt") {
    this.skins = [...this.skins, { shape, material }];
    return this;
  }

  put(...parts) {
    this.children.push(...parts.flat(Number.POSITIVE_INFINITY));
    return this;
  }

  at(x, y, z) {
    this.translation = [x, y, z];
    return this;
  }

  turn(q) {
    this.rotation = q;
    return this;
  }

  /** Moves: "translation", "rotation" or "scale", with keys in seconds. */
  move(property, keys) {
    this.tracks[property] = keys;
    return this;
  }
}

export const part = (name, shape, material) => (shape ? new Part(name).add(shape, material) : new Part(name));

/** What a property is at a moment. */
export function valueAt(of, property, second) {
  const keys = of.tracks[property];
  if (!keys) return of[property];
  const next = keys.findIndex(([t]) => t > second);
  if (next === 0) return keys[0][1];
  if (next < 0) return keys.at(-1)[1];
  const [[t0, v0], [t1, v1]] = [keys[next - 1], keys[next]];
  const s = (second - t0) / (t1 - t0);
  return property === "rotation" ? slerp(v0, v1, s) : mix(v0, v1, s);
}

export const GONE = [0.001, 0.001, 0.001];
export const WHOLE = [1, 1, 1];
const BLINK_S = 0.02;

/** Keys of "scale" that show a part from one second to another and hide it else. */
export function shown(from, to, seconds) {
  const keys = [];
  if (from > 0) keys.push([0, GONE], [from, GONE], [from + BLINK_S, WHOLE]);
  else keys.push([0, WHOLE]);
  if (to < seconds) keys.push([to, WHOLE], [to + BLINK_S, GONE], [seconds, GONE]);
  else keys.push([seconds, WHOLE]);
  return keys;
}

/** Keys of "scale" for what grows upwards from nothing, stays, and sinks back: flat it would still be seen, so it hides. */
export function rising([from, full, until, gone], seconds) {
  const flat = [1, 0.001, 1];
  const end =
    gone < seconds - BLINK_S
      ? [
          [gone, flat],
          [gone + BLINK_S, GONE],
          [seconds, GONE],
        ]
      : [[seconds, flat]];
  return [[0, GONE], [from, GONE], [from + BLINK_S, flat], [full, WHOLE], [until, WHOLE], ...end];
}

/**
 * Copies of one part that run along a path one behind the other, for ever: water, sound, falling grain.
 * `laps` is how often one of them runs through in the loop; `late` (0 to 1) lets them
 * start a share of their distance later; `during` limits the run to a time.
 */
export function stream({ name, skins, path, count, seconds, laps = 1, late = 0, during = null }) {
  const lap = seconds / laps;
  return Array.from({ length: count }, (_, n) => {
    const start = ((n + late) / count) * lap;
    const keys = [];
    const steps = path.length - 1;
    for (let k = -1; k <= laps; k++) {
      for (let i = 0; i <= steps; i++) {
        // The last step of a lap ends a blink early, so that the jump back to the start is not seen.
        const t = k * lap + start + (i / steps) * lap - (i === steps ? BLINK_S : 0);
        keys.push([t, path[i]]);
      }
    }
    const drop = new Part(`${name} ${n + 1}`).wear(skins).move("translation", within(keys, seconds));
    if (during) drop.move("scale", shown(during[0], during[1], seconds));
    return drop;
  });
}

/** The keys that lie in the loop, with its first and last moment filled in. */
function within(keys, seconds) {
  const value = (second) => {
    const next = keys.findIndex(([t]) => t > second);
    if (next <= 0) return keys.at(next < 0 ? -1 : 0)[1];
    const [[t0, v0], [t1, v1]] = [keys[next - 1], keys[next]];
    return mix(v0, v1, (second - t0) / (t1 - t0));
  };
  const inside = keys.filter(([t]) => t > 0.001 && t < seconds - 0.001);
  return [[0, value(0)], ...inside, [seconds, value(seconds)]];
}

/** Every part below and with this one. */
export function* every(of) {
  yield of;
  for (const child of of.children) yield* every(child);
}

/** What a generator returns. `still` is the moment of the preview picture; `view` is where it is looked at from. */
export const model = ({
  parts,
  seconds = 0,
  still = 0,
  view = { turn: 30, tilt: 25 },
  schematic = true,
}) => ({
  root: new Part("model").put(parts),
  seconds,
  still,
  view,
  schematic,
});

/** Runs a function over 0 … n-1. */
export const each = (n, make) => Array.from({ length: n }, (_, i) => make(i));
