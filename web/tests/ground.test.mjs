// Maps over an operator's own tiles: each tile lies where it belongs, the map says whose it is, nobody else is asked, and whoever
// saves data gets none.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { png } from "../models/kit/png.mjs";
import { browser, DESK, serve, shot, watched } from "./support.mjs";
import { phone, stopsOf, violations } from "./visitor-support.mjs";

const ROUTE = "peoples-canal";
/** A plain tile with a darker edge, so that seams are seen. */
const TILE = png(
  256,
  256,
  new Uint8Array(256 * 256 * 4).map((_, i) => tone(i >> 2, i & 3)),
);
const CREDIT = "© 某某测绘院，仅供测试";
const APPROVAL = "测试(2026)0000号";
let tiles;
let server;
let chrome;
let stops;
let asked = [];

function tone(pixel, channel) {
  if (channel === 3) return 255;
  return pixel < 256 || pixel % 256 === 0 ? 150 : 225;
}

before(async () => {
  tiles = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "content-type": "image/png", "access-control-allow-origin": "*" }).end(TILE);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => tiles.once("listening", done));
  const address = `http://127.0.0.1:${tiles.address().port}/t/{z}/{x}/{y}.png`;
  const says = ["--map-tiles-credit", CREDIT, "--map-tiles-approval", APPROVAL, "--map-tiles-zoom-max", "17"];
  server = await serve(["--map-tiles", address, ...says]);
  chrome = await browser();
  stops = await stopsOf(server, ROUTE);
});

after(async () => {
  await chrome?.close();
  await server?.end();
  tiles?.close();
});

/** What went wrong but that the tiles were fetched from where they should be. */
const foreign = (wrong) =>
  wrong.filter((line) => !line.startsWith(`left for http://127.0.0.1:${tiles.address().port}/t/`));

/** Where a place is in the world's square, from 0 to 1, by the formula of Web Mercator. */
function world({ lat, lon }) {
  const sin = Math.sin((lat * Math.PI) / 180);
  return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

/** The tiles on the screen: their numbers and their rectangles. */
const drawn = (page) =>
  page.locator(".map-ground image").evaluateAll((images) =>
    images.map((image) => {
      const [z, x, y] = image
        .getAttribute("href")
        .match(/\/t\/(\d+)\/(\d+)\/(\d+)\.png$/)
        .slice(1)
        .map(Number);
      const [left, top] = [Number(image.getAttribute("x")), Number(image.getAttribute("y"))];
      const [width, height] = [Number(image.getAttribute("width")), Number(image.getAttribute("height"))];
      return { z, x, y, left, top, width, height };
    }),
  );

test("a tile lies where its places are, from the whole route down to one stop", async () => {
  asked = [];
  const { page, open, context, wrong } = await phone(chrome, server);
  await open(`#/r/${ROUTE}`);
  await page.locator(".map-ground image").first().waitFor({ state: "attached" });
  for (let nearer = 0; nearer < 8; nearer++) {
    const all = await drawn(page);
    const marks = await page.locator(".map-stop").evaluateAll((groups) =>
      groups.map((group) => ({
        label: group.textContent,
        at: group
          .getAttribute("transform")
          .match(/[-\d.]+/g)
          .map(Number),
      })),
    );
    let checked = 0;
    for (const { label, at } of marks.filter((mark) => /^\d+$/.test(mark.label))) {
      const { position } = stops.find(({ order }) => order === Number(label));
      const [{ z }] = all;
      const [x, y] = [world(position).x * 2 ** z, world(position).y * 2 ** z];
      const tile = all.find((one) => one.x === Math.floor(x) && one.y === Math.floor(y));
      if (!tile) {
        const outside = at[0] < 0 || at[0] > 400 || at[1] < 0 || at[1] > 320;
        assert.ok(outside, `stop ${label} at ${at} has no tile below it`);
        continue;
      }
      const there = [tile.left + (x - tile.x) * tile.width, tile.top + (y - tile.y) * tile.height];
      assert.ok(
        Math.hypot(there[0] - at[0], there[1] - at[1]) < 1,
        `stop ${label}: ${there}, drawn at ${at}`,
      );
      checked++;
    }
    assert.ok(checked > 0 || nearer > 2, "a stop stands alone on the map");
    assert.ok(all.length <= 24 && all.every(({ z }) => z <= 17), `${all.length} tiles`);
    await page.getByRole("button", { name: "放大" }).click();
  }
  assert.ok(asked.length > 0);
  await page.getByText(`${CREDIT} · 审图号：${APPROVAL}`).waitFor();
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(foreign(wrong), []);
  await shot(page, "visitor-ground");
  await context.close();
});

test("whoever saves data asks for none, and who asks for some is told whom", async () => {
  asked = [];
  const saving = await phone(chrome, server);
  await saving.page.addInitScript(() =>
    Object.defineProperty(navigator, "connection", { value: { saveData: true } }),
  );
  await saving.open(`#/r/${ROUTE}`);
  await saving.page.locator(".map-stop").first().waitFor();
  await saving.page.waitForLoadState("networkidle");
  assert.deepEqual([asked, saving.wrong], [[], []]);
  await saving.context.close();
  const { page, open, context } = await phone(chrome, server, { lang: "en" });
  await open("#/me");
  await page.getByText(`The ground of the maps comes from 127.0.0.1:${tiles.address().port}`).waitFor();
  await context.close();
});

test("the designer's map lies on them too", async () => {
  asked = [];
  const key = await server.run("key", "create", "--role", "designer", "--name", "designer");
  const context = await chrome.newContext({ ...DESK, locale: "zh-CN" });
  const { page, wrong } = await watched(context, server.url);
  await page.goto(`${server.url}/design`);
  await page.locator('input[type="password"]').fill(key);
  await page.locator('form button[type="submit"]').click();
  await page.getByRole("button", { name: "人民的运河" }).first().click();
  await page.getByText(`${CREDIT} · 审图号：${APPROVAL}`).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".map .pin").length > 0);
  while (asked.length === 0) await page.waitForTimeout(50);
  assert.deepEqual(
    foreign(wrong).filter((line) => !line.includes("GL Driver Message")),
    [],
  );
  await page.waitForLoadState("networkidle");
  await shot(page, "design-ground");
  await context.close();
});
