// AR without WebXR: where an exhibit appears on the screen against the truth worked out here, by other formulas.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { browser, serve, shot } from "./support.mjs";
import { faults, north, phone, stopsOf, violations } from "./visitor-support.mjs";

const ROUTE = "confucius-mencius";
const RAD = Math.PI / 180;
const EYE_M = 1.5;
/** A headset that is none: WebXR as its specification says, in a browser that has it not. */
const XR = readFileSync(createRequire(import.meta.url).resolve("iwer/build/iwer.min.js"), "utf8");
let server;
let chrome;
let stop;
let other;

before(async () => {
  server = await serve();
  chrome = await browser();
  const stops = await stopsOf(server, ROUTE);
  stop = stops.find(({ id }) => id.endsWith("/dacheng-hall"));
  other = stops.find(({ id }) => id.endsWith("/confucius-temple"));
});

after(async () => {
  await chrome?.close();
  await server?.end();
});

/** Some metres east and north of a stop. */
function beside({ position: { lat, lon } }, east, northward) {
  return { position: { lat: lat + northward / meridian(lat), lon: lon + east / parallel(lat) } };
}

/** Metres per degree, from the ellipsoid's radii of curvature. */
function meridian(lat) {
  const w = 1 - 0.00669437999014 * Math.sin(lat * RAD) ** 2;
  return ((6_378_137 * (1 - 0.00669437999014)) / w ** 1.5) * RAD;
}
function parallel(lat) {
  const w = 1 - 0.00669437999014 * Math.sin(lat * RAD) ** 2;
  return (6_378_137 / Math.sqrt(w)) * Math.cos(lat * RAD) * RAD;
}

/** Opens the exhibit around the visitor. */
async function around(at, more = {}) {
  const visitor = await phone(chrome, server, { at, accuracy: 5, ...more });
  await visitor.open(`#/r/${stop.id}/ar`);
  await visitor.page.locator("canvas").waitFor();
  await visitor.page.locator("button.wide").click();
  return visitor;
}

/** The phone is held so: heading and tilt of its camera, in degrees. */
async function hold(page, heading, down = 0, type = "deviceorientationabsolute", extra = {}) {
  await page.evaluate(
    ([kind, angles, more]) => {
      const event = new DeviceOrientationEvent(kind, { ...angles, absolute: kind.endsWith("absolute") });
      for (const [name, value] of Object.entries(more)) Object.defineProperty(event, name, { value });
      dispatchEvent(event);
    },
    [type, { alpha: (360 - heading) % 360, beta: 90 - down, gamma: 0 }, extra],
  );
  // Until the smoothing has come to rest.
  await page.waitForTimeout(1_500);
}

const label = (page) =>
  page.locator(".ar-label").evaluate((element) => ({ ...element.dataset, hidden: element.hidden }));

/** Where a foot of a thing on the ground is in the picture. */
function truth({ bearing, distance, heading, down, fov, width, height }) {
  const focal = height / 2 / Math.tan((fov / 2) * RAD);
  const aside = (bearing - heading) * RAD;
  const [right, forward, up] = [distance * Math.sin(aside), distance * Math.cos(aside), -EYE_M];
  const depth = forward * Math.cos(down * RAD) - up * Math.sin(down * RAD);
  const above = up * Math.cos(down * RAD) + forward * Math.sin(down * RAD);
  return { x: width / 2 + (focal * right) / depth, y: height / 2 - (focal * above) / depth };
}

test("an exhibit stands on the screen where geometry puts it", async () => {
  const eastward = -40;
  const northward = -30;
  const me = beside(stop, eastward, northward);
  const { page, context, wrong } = await around(me);
  const { width, height } = page.viewportSize();
  const distance = Math.hypot(eastward, northward);
  const bearing = Math.atan2(-eastward, -northward) / RAD;
  for (const [heading, down] of [
    [bearing, 0],
    [bearing - 9, 4],
    [bearing + 11, -3],
    [bearing, 15],
  ]) {
    await hold(page, heading, down);
    const seen = await label(page);
    const wanted = truth({ bearing, distance, heading, down, fov: Number(seen.fov), width, height });
    assert.equal(seen.hidden, false);
    assert.ok(Math.abs(seen.x - wanted.x) < 1, `x ${seen.x}, not ${wanted.x}`);
    assert.ok(Math.abs(seen.y - wanted.y) < 1, `y ${seen.y}, not ${wanted.y}`);
    assert.ok(Math.abs(seen.distance - distance) < 0.01);
  }
  await shot(page, "visitor-ar");
  assert.deepEqual(faults(wrong), []);
  await context.close();
});

test("the page's own geometry is the server's", async () => {
  const me = beside(stop, 55, -80);
  const { page, context } = await around(me);
  await hold(page, 0);
  const { lat, lon } = me.position;
  const nearby = await fetch(`${server.url}/v1/nearby?lat=${lat}&lon=${lon}&route=${ROUTE}`).then((answer) =>
    answer.json(),
  );
  const { enu_m, bearing_deg } = nearby.items.find(({ waypoint }) => waypoint.id === stop.id);
  const seen = await label(page);
  assert.ok(Math.abs(seen.distance - Math.hypot(enu_m.east, enu_m.north)) < 0.005);
  assert.ok(Math.abs(((Number(seen.turn) + 360) % 360) - bearing_deg) < 0.02);
  await context.close();
});

test("what is behind is pointed at with the shorter turn", async () => {
  const { page, context } = await around(north(stop, -50));
  await hold(page, 150);
  await page.locator('[data-arrow="left"]').waitFor();
  assert.match(await page.locator(".ar-way").textContent(), /向左转 150°，50 米/);
  await hold(page, 200);
  await page.locator('[data-arrow="right"]').waitFor();
  assert.equal((await label(page)).hidden, true);
  await shot(page, "visitor-ar-behind");
  await context.close();
});

test("an iPhone's compass corrects angles that begin anywhere", async () => {
  const { page, context } = await around(north(stop, -50));
  const apple = { webkitCompassHeading: 20, webkitCompassAccuracy: 10 };
  await hold(page, 137, 0, "deviceorientation", apple);
  const seen = await label(page);
  assert.ok(Math.abs(Number(seen.turn) + 20) < 0.1, `turn ${seen.turn}`);
  await context.close();
});

test("pointing at a known place corrects the compass for good", async () => {
  const me = north(stop, -50);
  const { page, context } = await around(me);
  // The compass is 30 degrees wrong: the phone really points south, to the other stop.
  await hold(page, 180 + 30);
  // A sensor that falls silent says so with an event of nothing: how the phone was held last still counts.
  await page.evaluate(() => dispatchEvent(new DeviceOrientationEvent("deviceorientationabsolute")));
  await page.getByRole("button", { name: "校准方向" }).click();
  await page.locator(".ar-aim select").selectOption(other.id);
  await shot(page, "visitor-ar-aim");
  await page.getByRole("button", { name: "对准了" }).click();
  await hold(page, 180 + 30 + 45);
  const seen = await label(page);
  assert.ok(Math.abs(Number(seen.turn) - 135) < 1, `turn ${seen.turn}`);
  await context.close();
});

test("a WebXR session is used where there is one, and its own idea of north is corrected", async () => {
  const eastward = 30;
  const northward = -40;
  const { page, open, context, wrong } = await phone(chrome, server, {
    at: beside(stop, eastward, northward),
    accuracy: 5,
  });
  await page.addInitScript(XR);
  await page.addInitScript(() => {
    globalThis.headset = new globalThis.IWER.XRDevice(globalThis.IWER.metaQuest3);
    globalThis.headset.installRuntime({ forceInstall: true });
  });
  await open(`#/r/${stop.id}/ar`);
  await page.locator("button.wide").click();
  await page.waitForFunction(() => globalThis.headset.activeSession !== undefined);
  // The session looks 30 degrees right of where it began, and the compass says that this is 100 degrees.
  await page.evaluate(
    (half) => {
      globalThis.headset.quaternion.set(0, Math.sin(half), 0, Math.cos(half));
    },
    (-30 * RAD) / 2,
  );
  // Some frames later the session has turned.
  await page.waitForTimeout(1_000);
  await hold(page, 100);
  const bearing = Math.atan2(-eastward, -northward) / RAD;
  const turned = async (degrees) => {
    const seen = await label(page);
    const off = ((((Number(seen.turn) - degrees) % 360) + 540) % 360) - 180;
    assert.ok(Math.abs(off) < 1, `turn ${seen.turn}, not ${degrees}`);
    assert.ok(Math.abs(Number(seen.distance) - Math.hypot(eastward, northward)) < 0.5, `${seen.distance} m`);
  };
  await turned(bearing - 100);
  // Pointing at a known place is believed more than the compass. (The emulated display lies over the page, so no mouse gets there.)
  await page.getByRole("button", { name: "校准方向" }).dispatchEvent("click");
  await page.locator(".ar-aim select").selectOption(other.id);
  await page.getByRole("button", { name: "对准了" }).dispatchEvent("click");
  await hold(page, 10);
  const me = beside(stop, eastward, northward).position;
  const { lat, lon } = other.position;
  const landmark = Math.atan2((lon - me.lon) * parallel(me.lat), (lat - me.lat) * meridian(me.lat)) / RAD;
  await turned(bearing - landmark);
  await page.evaluate(() => globalThis.headset.activeSession.end());
  await page.locator(".ar-over").waitFor({ state: "detached" });
  assert.deepEqual(faults(wrong), []);
  await context.close();
});

test("with everything refused it can be turned by finger, and set down before one", async () => {
  const { page, context, wrong } = await around(null, { allowed: false });
  await page.getByText("没有相机画面").waitFor();
  await hold(page, 90);
  await page.getByRole("button", { name: "放到我面前" }).click();
  await page.locator('[data-arrow="ahead"]').waitFor();
  await page.getByRole("button", { name: "退出实景" }).click();
  await page.getByRole("button", { name: "向右转" }).click();
  await shot(page, "visitor-3d");
  assert.deepEqual(faults(wrong), []);
  await context.close();
});

test("who wants less motion gets a model at rest, and may start it", async () => {
  const { page, open, context } = await phone(chrome, server, { reducedMotion: "reduce" });
  const stops = await stopsOf(server, ROUTE);
  const moving = stops.find(({ exhibits }) => exhibits[0]?.kind === "model");
  assert.ok(moving, "no stop has a model: build them first");
  await open(`#/r/${moving.id}/ar`);
  await page.getByRole("button", { name: "动起来" }).click();
  await page.getByRole("button", { name: "停", exact: true }).waitFor();
  assert.ok((await page.locator(".legend li").count()) > 0);
  await shot(page, "visitor-model");
  await context.close();
});

test("neither view has a fault that axe can see", async () => {
  for (const lang of ["zh-CN", "en"]) {
    const visitor = await phone(chrome, server, { at: north(stop, -50), lang });
    await visitor.open(`#/r/${stop.id}/ar`);
    await visitor.page.locator("canvas").waitFor();
    assert.deepEqual(await violations(visitor.page), [], `turned, ${lang}`);
    await visitor.page.locator("button.wide").click();
    await hold(visitor.page, 0);
    assert.deepEqual(await violations(visitor.page), [], `around, ${lang}`);
    await visitor.context.close();
  }
});
