// Three arches like those of Bian Bridge: one finished with its line of thrust, one being built to the end on its
// centring, one whose centring is taken away before the last stone. Length and width are the bridge's; everything else
// (spans, rise, number of stones) is a schematic.
import { each, model, Part, part, shown, stream } from "../kit/model.mjs";
import { PAINT } from "../kit/paint.mjs";
import { pins } from "../kit/pin.mjs";
import { together } from "../kit/shape.mjs";
import { ball, box, pool, prism, tube } from "../kit/solids.mjs";
import { turned } from "../kit/vectors.mjs";

/** 24 m long, about 6 m wide: oenc.net, "卞桥" (facts of the waypoint). */
const LENGTH_M = 24;
const WIDTH_M = 6;
const SCALE = 1 / 8;
const RADIUS_M = 3;
const RING_M = 0.75;
const SPRING_M = 1.2;
const STONES = 9;
const SECONDS = 20;
const LAST_STONE = STONES;

const CENTRES = [-LENGTH_M / 3, 0, LENGTH_M / 3];
/** Stones are laid from both sides; the keystone is the last. */
const ORDER = [0, 8, 1, 7, 2, 6, 3, 5, 4];

const onRing = (r, a) => [r * Math.cos(a), r * Math.sin(a)];

function voussoir(i, { bevel }) {
  const [a, b] = [(i / STONES) * Math.PI, ((i + 1) / STONES) * Math.PI - 0.012];
  const steps = bevel(1) ? 2 : 1;
  const inner = each(steps + 1, (k) => onRing(RADIUS_M, b + ((a - b) * k) / steps));
  const outer = each(steps + 1, (k) => onRing(RADIUS_M + RING_M, a + ((b - a) * k) / steps));
  return prism([...outer, ...inner], WIDTH_M, i % 2 ? PAINT.palestone : PAINT.limestone);
}

const middle = (i) => onRing(RADIUS_M + RING_M / 2, ((i + 0.5) / STONES) * Math.PI);

function centring({ round }) {
  const n = round(20);
  const arc = each(n + 1, (i) => onRing(RADIUS_M - 0.06, (i / n) * Math.PI));
  const inner = each(n + 1, (i) => onRing(RADIUS_M - 0.45, Math.PI - (i / n) * Math.PI));
  const rib = prism([...arc, ...inner], 0.35, PAINT.wood);
  const post = (x, h) => box([0.3, h, 0.3], PAINT.wood).at(x, -SPRING_M, 0);
  const one = together(
    rib,
    post(0, SPRING_M + RADIUS_M - 0.4),
    post(-1.6, SPRING_M + 2.1),
    post(1.6, SPRING_M + 2.1),
    box([5.2, 0.3, 0.3], PAINT.darkwood),
  );
  return together([-2, 0, 2].map((z) => one.copy().at(0, 0, z)));
}

function piers({ bevel }) {
  const wide = LENGTH_M / 3 - 2 * RADIUS_M;
  const inner = [-0.5, 0.5].map((k) => pier(k * (LENGTH_M / 3), wide, bevel));
  const banks = [-1, 1].map((s) =>
    together(
      box([wide / 2, SPRING_M, WIDTH_M], PAINT.stone).at(s * (LENGTH_M / 2 - wide / 4), 0, 0),
      ramp(s, bevel),
    ),
  );
  return together(inner, banks);
}

/** The approach: it takes the thrust of the last arch and falls away to the bank. */
function ramp(s, bevel) {
  const top = SPRING_M + RADIUS_M + RING_M + 0.4;
  const side = (h) => [
    [0, 0],
    [8, 0],
    [8, 0.9 + h - top],
    [1.2, h],
    [0, h],
  ];
  const walls = prism(side(top), WIDTH_M, PAINT.darkstone);
  const paving = prism(
    [
      [0, top],
      [1.2, top],
      [8, 0.9],
      [8, 1.2],
      [1.2, top + 0.3],
      [0, top + 0.3],
    ],
    WIDTH_M + 0.4,
    PAINT.palestone,
  );
  const earth = prism(
    [
      [1.5, -0.28],
      [10.4, -0.28],
      [10.4, 0.9],
      [1.5, 0.9],
    ],
    15.8,
    PAINT.earth,
    PAINT.grass,
  );
  const posts = [0.5, 3, 5.5, 7.7].map((x) =>
    [-1, 1].map((z) =>
      box([0.3, 1.05, 0.3], PAINT.palestone, bevel(0.06)).at(
        x,
        Math.min(top, top - ((x - 1.2) * (top - 0.9)) / 6.8) + 0.2,
        z * (WIDTH_M / 2),
      ),
    ),
  );
  const shape = together(walls, paving, earth, posts);
  return (s < 0 ? shape.turn("y", 180) : shape).at(s * (LENGTH_M / 2), 0, 0);
}

function pier(x, wide, bevel) {
  const nose = prism(
    [
      [-wide / 2, 0],
      [wide / 2, 0],
      [0, 1.6],
    ],
    SPRING_M,
    PAINT.darkstone,
  )
    .turn("x", 90)
    .at(0, SPRING_M / 2, WIDTH_M / 2);
  return together(
    box([wide, SPRING_M, WIDTH_M], PAINT.stone, bevel(0.08)),
    nose,
    nose.copy().turn("y", 180),
  ).at(x, 0, 0);
}

/** The finished third: spandrels and roadway over the ring, with its rails. */
function roadway({ round, bevel }) {
  const [half, top, outer] = [LENGTH_M / 6, SPRING_M + RADIUS_M + RING_M + 0.4, RADIUS_M + RING_M];
  const n = round(24);
  const ring = each(n + 1, (i) => onRing(outer, Math.PI * (1 - i / n))).map(([x, y]) => [x, y + SPRING_M]);
  const side = [
    [-half, SPRING_M],
    [-outer, SPRING_M],
    ...ring.slice(1, -1),
    [outer, SPRING_M],
    [half, SPRING_M],
    [half, top],
    [-half, top],
  ];
  const slab = box([half * 2 + 0.2, 0.3, WIDTH_M + 0.4], PAINT.palestone, bevel(0.06)).at(0, top, 0);
  const rail = [-1, 1].map((s) =>
    together(
      box([half * 2, 0.6, 0.16], PAINT.limestone, bevel(0.04)).at(0, top + 0.3, s * (WIDTH_M / 2)),
      each(5, (i) =>
        box([0.3, 1.05, 0.3], PAINT.palestone, bevel(0.06)).at(
          (i - 2) * half * 0.48,
          top + 0.3,
          s * (WIDTH_M / 2),
        ),
      ),
    ),
  );
  return together(prism(side, WIDTH_M, PAINT.stone), slab, rail);
}

/** Stones come down one by one; `falls` says when they drop again, if they do. */
function laying(i, falls, detail) {
  const [x, y] = middle(i);
  const n = ORDER.indexOf(i);
  const missing = falls && n === STONES - 1;
  const start = 0.5 + n;
  const stone = part(`arch stone ${i + 1}`, voussoir(i, detail).at(-x, -y, 0));
  const up = [x, y + 4, 0];
  const keys = [
    [0, up],
    [start, up],
    [start + 0.8, [x, y, 0]],
  ];
  if (!falls)
    stone
      .move("translation", [...keys, [SECONDS, [x, y, 0]]])
      .move("scale", shown(start, SECONDS - 0.5, SECONDS));
  else {
    const drop = [x * 0.75, -SPRING_M + 0.35 + (n % 3) * 0.45, 0];
    stone.move("translation", [...keys, [falls, [x, y, 0]], [falls + 0.9, drop], [SECONDS, drop]]);
    stone.move("rotation", [
      [0, turned("z", 0)],
      [falls, turned("z", 0)],
      [falls + 0.9, turned("z", (x > 0 ? -1 : 1) * (25 + 12 * n))],
      [SECONDS, turned("z", (x > 0 ? -1 : 1) * (25 + 12 * n))],
    ]);
    stone.move("scale", missing ? shown(SECONDS, SECONDS, SECONDS) : shown(start, SECONDS - 0.5, SECONDS));
  }
  return stone;
}

function site(name, x, falls, gone, detail) {
  const wood = part("centring", centring(detail)).move("scale", shown(0, gone, SECONDS));
  const stones = each(STONES, (i) => i)
    .filter((i) => !(falls && i === 4))
    .map((i) => laying(i, falls, detail));
  return new Part(name).at(x, SPRING_M, 0).put(wood, stones);
}

function thrust(detail) {
  const r = RADIUS_M + RING_M / 2;
  const path = each(21, (i) => {
    const a = Math.PI / 2 + (i / 20) * (Math.PI / 2);
    return [r * Math.cos(a), SPRING_M + r * Math.sin(a), WIDTH_M / 2 + 0.05];
  });
  const full = [
    [0, SPRING_M + RADIUS_M + RING_M + 2.2, WIDTH_M / 2 + 0.05],
    ...path,
    [-r, 0.3, WIDTH_M / 2 + 0.05],
  ];
  const both = [full, full.map(([x, y, z]) => [-x, y, z])];
  const skins = [{ shape: ball(0.24, PAINT.sun, detail.round(8)), material: "glow" }];
  return both.flatMap((p, n) => [
    part(`line of thrust ${n + 1}`, tube(p, 0.07, PAINT.molten, 5), "glow"),
    ...stream({ name: `thrust ${n + 1}`, skins, path: p, count: 6, seconds: SECONDS, laps: 5 }),
  ]);
}

export default function make(detail) {
  const rings = new Part("finished arch")
    .at(CENTRES[0], 0, 0)
    .put(
      part("arch ring", together(each(STONES, (i) => voussoir(i, detail).at(0, SPRING_M, 0)))),
      part("roadway", roadway(detail)),
      thrust(detail),
    );
  const bridge = new Part("bridge").put(
    part("river", pool([LENGTH_M + 19.6, 0.3, 15.6], PAINT.deepwater).at(0, -0.3, 0), "water"),
    part("bed", box([LENGTH_M + 21, 0.3, 16], PAINT.earth).at(0, -0.6, 0)),
    part("piers", piers(detail)),
    rings,
    site("arch closed before its centring goes", CENTRES[1], 0, LAST_STONE + 2.5, detail),
    site("arch left open", CENTRES[2], LAST_STONE + 2.5, LAST_STONE + 2.5, detail),
  );
  bridge.scale = [SCALE, SCALE, SCALE];
  return model({
    parts: [
      bridge.at(0, 0.09, 0),
      new Part("pins").put(
        pins(
          [
            [
              [-1, 0.8, 0.4],
              "拱圈合拢：推力沿拱石传到两岸",
              "Ring closed: the thrust runs down to the banks",
            ],
            [[0, 0.15, 0.6], "先合拢，再拆拱架：拱站住", "Closed first, centring out afterwards: it stands"],
            [[1, 0.15, 0.6], "缺最后一块就拆拱架：拱塌下", "Centring out before the last stone: it falls"],
          ],
          { stem: 0.3, size: 0.15 },
        ),
      ),
    ],
    seconds: SECONDS,
    still: 7.6,
    view: { turn: 18, tilt: 17 },
  });
}
