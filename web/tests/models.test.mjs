// The models of the exhibits: valid, small enough for a phone, the same bytes from the same code, and what their exhibit says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { validateBytes } from "gltf-validator";
import { build, generators, ROUTES } from "../models/build.mjs";
import { tipsAt } from "../models/confucius-mencius/chongxing-brick-corbel.mjs";
import { noonHeightDegrees } from "../models/confucius-mencius/gnomon-noon-shadow.mjs";
import { driftDays } from "../models/confucius-mencius/mencius-solstice-dial.mjs";
import { shares } from "../models/confucius-mencius/pitch-pipes-two-thirds.mjs";
import { place, STARS } from "../models/peoples-canal/dipper-chariot.mjs";
import { trace } from "../models/peoples-canal/mosque-sound-rays.mjs";
import { pressures } from "../models/peoples-canal/pagoda-stress-colours.mjs";

const MAX_BYTES = 300_000;
const MAX_TRIANGLES = 60_000;
const LEAST_PER_ROUTE = 12;
/** The reduced variant leaves out at least this share of the triangles… */
const LEFT_OUT = 0.25;
/** …and takes at most this share of the bytes. */
const REDUCED_BYTES = 0.7;
/** Models in which nothing moves; every other one is a loop. */
const STILL = ["pagoda-stress-colours"];

/** The exhibits of a route, from its file. */
function exhibits(route) {
  const file = new URL(`../../routes-data/${route}/route.geojson`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).features.flatMap((one) => one.properties.exhibits ?? []);
}

/** The description inside a binary glTF. */
function description(glb) {
  const view = new DataView(glb.buffer, glb.byteOffset, glb.byteLength);
  return JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + view.getUint32(12, true))));
}

const made = new Map();
for (const one of generators()) made.set(one.exhibit, await build(one));

for (const route of ROUTES) {
  test(`each exhibit of ${route} that is a model has a generator, and each generator its exhibit`, () => {
    const said = exhibits(route).filter((one) => one.kind === "model");
    const names = generators()
      .filter((one) => one.route === route)
      .map((one) => one.exhibit);
    assert.deepEqual(said.map((one) => one.id).sort(), names);
    assert.ok(names.length >= LEAST_PER_ROUTE, `${names.length} models`);
  });
}

for (const [exhibit, { full, reduced, triangles }] of made) {
  test(`${exhibit} is valid, small, and smaller when reduced`, async () => {
    for (const bytes of [full, reduced]) {
      const { issues } = await validateBytes(bytes);
      assert.equal(issues.numErrors + issues.numWarnings, 0, JSON.stringify(issues.messages.slice(0, 3)));
    }
    assert.ok(full.length < MAX_BYTES, `${full.length} bytes`);
    assert.ok(triangles[0] < MAX_TRIANGLES, `${triangles[0]} triangles`);
    assert.ok(reduced.length < full.length * REDUCED_BYTES, `${reduced.length} of ${full.length} bytes`);
    assert.ok(triangles[1] <= triangles[0] * (1 - LEFT_OUT), `${triangles[1]} of ${triangles[0]} triangles`);
  });

  test(`${exhibit} is labelled in both languages and moves if it should`, () => {
    const { asset, nodes, animations = [] } = description(full);
    const labels = nodes.flatMap((node) => node.extras?.label ?? []);
    assert.ok(labels.length > 0);
    for (const label of labels) assert.ok(label["zh-CN"] && label.en, JSON.stringify(label));
    assert.deepEqual(
      asset.extras.legend.map((one) => one.number),
      labels.map((_, i) => i + 1),
    );
    assert.equal(asset.extras.schematic, true);
    assert.equal(animations.length, STILL.includes(exhibit) ? 0 : 1);
  });
}

test("a schematic says so in its exhibit's text, in both languages", () => {
  for (const one of ROUTES.flatMap(exhibits).filter(({ kind }) => kind === "model")) {
    assert.match(one.text["zh-CN"], /示意/, one.id);
    assert.match(one.text.en, /schematic/i, one.id);
  }
});

test("the same generators give the same bytes", async () => {
  for (const one of generators()) {
    const again = await build(one);
    const first = made.get(one.exhibit);
    assert.deepEqual(
      [Buffer.compare(again.full, first.full), Buffer.compare(again.reduced, first.reduced)],
      [0, 0],
      one.exhibit,
    );
  }
  const [some] = generators();
  const picture = made.get(some.exhibit).picture();
  assert.equal(Buffer.compare(picture, (await build(some)).picture()), 0);
  assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [512, 512]);
});

test("the noon sun stands lowest at the winter solstice and highest at the summer one, as the latitude asks", () => {
  const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 0.01, `${found} is not ${wanted}`);
  near(noonHeightDegrees(0), 90 - 35.603 - 23.44);
  near(noonHeightDegrees(0.25), 90 - 35.603);
  near(noonHeightDegrees(0.5), 90 - 35.603 + 23.44);
});

test("twelve pipes come from steps of two thirds and four thirds, each between a half and the whole", () => {
  const list = shares();
  assert.equal(list.length, 12);
  list.slice(1).forEach((share, i) => {
    const step = share / list[i];
    assert.ok(Math.abs(step - 2 / 3) < 1e-9 || Math.abs(step - 4 / 3) < 1e-9, `${step}`);
    assert.ok(share >= 0.5 && share < 1);
  });
});

test("sound keeps to the hall, and every ray is equally long", () => {
  for (const degrees of [4, 13, 19, 24, 28]) {
    const path = trace(degrees);
    const long = path
      .slice(1)
      .reduce((sum, [x, y], i) => sum + Math.hypot(x - path[i][0], y - path[i][1]), 0);
    assert.ok(Math.abs(long - 84) < 1e-6, `${long}`);
    for (const [x, y] of path) assert.ok(Math.abs(x) <= 20.001 && y >= -0.001 && y <= 30, `${x}, ${y}`);
  }
});

test("a tapering tower presses less on its foot than a straight one, and every storey more than the one above", () => {
  const [tapering, straight] = [pressures(0.62), pressures(0)];
  assert.ok(tapering[0] < straight[0]);
  for (const list of [tapering, straight])
    assert.deepEqual(
      list,
      list.toSorted((a, b) => b - a),
    );
});

test("loose bricks tip with the course that brings their centre of mass past the edge", () => {
  // Bricks half a metre long, each 0.12 m further out: the mean of -0.13, -0.01, 0.11 is still behind the edge, the next not.
  assert.equal(tipsAt, 4);
});

test("below the pole the Dipper stands upright, its handle to the west, as one sees it facing north", () => {
  const [dubhe, merak, , megrez, , , alkaid] = STARS.map(place);
  // Turned about the pole until Megrez is right below it.
  const turn = -Math.PI / 2 - Math.atan2(megrez[1], megrez[0]);
  const turned = ([x, y]) => [
    x * Math.cos(turn) - y * Math.sin(turn),
    x * Math.sin(turn) + y * Math.cos(turn),
  ];
  assert.ok(turned(alkaid)[0] < turned(megrez)[0] && turned(megrez)[0] < turned(dubhe)[0]);
  assert.ok(turned(dubhe)[1] > turned(merak)[1], "the bowl is open above");
});

test("a thousand years of 365 days lose 242 days, of 365.25 gain eight, of 365.2422 none", () => {
  assert.deepEqual(
    [365, 365.25, 365.2422].map((days) => Math.round(driftDays(days))),
    [-242, 8, 0],
  );
});
