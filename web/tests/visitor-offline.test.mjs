// The visitor's page without a network, and when network, server, storage or other tabs are in the way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, serve, shot } from "./support.mjs";
import { keptOf, phone, shelf, stopsOf, worked } from "./visitor-support.mjs";

const ROUTE = "peoples-canal";
let server;
let chrome;
let stops;

before(async () => {
  server = await serve();
  chrome = await browser();
  stops = await stopsOf(server, ROUTE);
});

after(async () => {
  await chrome?.close();
  await server?.end();
});

test("a check-in made without a network waits on the phone, outlives a reload, and is sent once", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${stops[0].id}`);
  await worked(page);
  await page.reload();
  await page.locator('[data-state="inside"]').waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="waiting"]').waitFor();
  await page.getByText("有网络时自动发送").waitFor();
  await shot(page, "visitor-waiting");
  await page.reload();
  await page.locator('[data-fate="waiting"]').waitFor();
  await context.setOffline(false);
  await page.locator('[data-fate="kept"]').waitFor();
  assert.equal((await keptOf(server, page)).length, 1);
  await context.close();
});

test("a server that is down while one checks in gets it when it is back", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${stops[0].id}`);
  await worked(page);
  await page.locator('[data-state="inside"]').waitFor();
  await server.stop();
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="waiting"]').waitFor();
  await server.start();
  await page.locator('[data-fate="kept"]').waitFor({ timeout: 60_000 });
  assert.equal((await keptOf(server, page)).length, 1);
  await context.close();
});

test("an answer that is lost on its way makes no second check-in", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  let lost = 0;
  await context.route("**/v1/check-ins/batch", async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await open(`#/r/${stops[0].id}`);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="kept"]').waitFor({ timeout: 30_000 });
  assert.ok(lost > 1);
  assert.equal((await keptOf(server, page)).length, 1);
  await context.close();
});

test("two tabs are one participant and send nothing twice", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  const sent = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/v1/check-ins/batch")) sent.push(...request.postDataJSON().check_ins);
  });
  const other = await context.newPage();
  await open(`#/r/${stops[0].id}`);
  await other.goto(`${server.url}/#/r/${stops[1].id}`);
  await worked(page);
  await page.locator('[data-state="inside"]').waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="waiting"]').waitFor();
  await context.setOffline(false);
  await other.evaluate(() => dispatchEvent(new Event("online")));
  await page.locator('[data-fate="kept"]').waitFor();
  await other.getByRole("link", { name: "我的数据" }).click();
  await other.locator('[data-fate="kept"]').waitFor();
  assert.equal((await shelf(page, "participant")).length, 1);
  assert.equal((await keptOf(server, page)).length, 1);
  assert.equal(sent.length, 1);
  await context.close();
});

test("a phone that is full says so and does not pretend", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await page.addInitScript(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await open(`#/r/${stops[0].id}`);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.getByText("没有记下来").waitFor();
  await context.close();
});

test("a route that was taken along works in flight mode, in both languages", async () => {
  const { page, wrong, open, stand, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${ROUTE}`);
  await worked(page);
  await page.getByText(/最多约/).waitFor();
  await page.getByRole("button", { name: "存进手机" }).click();
  await page.getByText(/已在手机里/).waitFor({ timeout: 60_000 });
  await page.locator(".take").scrollIntoViewIfNeeded();
  await shot(page, "visitor-taken");
  assert.deepEqual(wrong, []);
  await context.setOffline(true);
  await page.goto(`${server.url}/#/`);
  await page.reload();
  await page.getByRole("link", { name: "人民的运河" }).click();
  for (const stop of [stops[0], stops[12], stops.at(-1)]) {
    await stand(stop);
    await page.locator(`a.stop-row[href="#/r/${stop.id}"]`).click();
    await page.getByRole("heading", { level: 1, name: stop.title }).waitFor();
    await page.getByRole("button", { name: "打卡" }).click();
    await page.locator('[data-fate="waiting"]').waitFor();
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Facts and where they come from" }).waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByRole("link", { name: "整条路线" }).click();
  }
  await page.goto(`${server.url}/#/r/${stops[0].id}/ar`);
  await page.locator("canvas").waitFor();
  await context.setOffline(false);
  await page.getByRole("link", { name: /我的数据/ }).click();
  await page.waitForFunction(() => document.querySelectorAll('[data-fate="kept"]').length === 3);
  assert.equal((await keptOf(server, page)).length, 3);
  await context.close();
});

test("taking a route goes on after a break, and fetches nothing twice", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${ROUTE}`);
  await worked(page);
  await page.getByRole("button", { name: "存进手机" }).waitFor();
  let allowed = 20;
  await context.route("**/v1/routes/*/waypoints/*", (route) =>
    allowed-- > 0 ? route.continue() : route.abort(),
  );
  await page.getByRole("button", { name: "存进手机" }).click();
  await page.getByText("网络断了").waitFor();
  await shot(page, "visitor-taking-broken");
  await context.unroute("**/v1/routes/*/waypoints/*");
  const answers = [];
  page.on("response", (response) => answers.push(response.status()));
  await page.getByRole("button", { name: "接着下载" }).click();
  await page.getByText(/已在手机里/).waitFor({ timeout: 60_000 });
  assert.ok(answers.filter((status) => status === 304).length >= 20);
  await context.close();
});

test("who saves data is offered the simpler models first", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await page.addInitScript(() =>
    Object.defineProperty(navigator, "connection", { value: { saveData: true } }),
  );
  await open(`#/r/${ROUTE}`);
  await worked(page);
  const choice = page.getByRole("checkbox", { name: /省流量/ });
  await choice.waitFor();
  assert.equal(await choice.isChecked(), true);
  const size = async () =>
    Number((await page.getByText(/最多约/).textContent()).match(/最多约 ([\d.]+) MB/)[1]);
  const little = await size();
  await choice.uncheck();
  await page.waitForTimeout(500);
  assert.ok((await size()) > little);
  await context.close();
});

test("a new revision shows by itself, and taking it again fetches only what changed", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${ROUTE}`);
  await worked(page);
  await page.getByRole("button", { name: "存进手机" }).click();
  await page.getByText(/已在手机里/).waitFor({ timeout: 60_000 });
  const title = "改了名字的一站";
  await rename(stops[3].id.split("/")[1], title);
  const answers = [];
  page.on("response", (response) => answers.push([response.status(), new URL(response.url()).pathname]));
  await page.reload();
  await page.getByText("路线有了新内容").waitFor();
  await page.locator(".stop-row", { hasText: title }).waitFor();
  answers.length = 0;
  await page.getByRole("button", { name: "更新" }).click();
  await page.getByText(/已在手机里/).waitFor({ timeout: 60_000 });
  const fetched = answers.filter(([status, path]) => status === 200 && path.includes("/waypoints/"));
  assert.deepEqual(
    [...new Set(fetched.map(([, path]) => path))],
    [`/v1/routes/${stops[3].id.replace("/", "/waypoints/")}`],
  );
  assert.deepEqual(
    answers.filter(([, path]) => path.startsWith("/v1/assets/")),
    [],
  );
  await context.close();
});

/** Gives a stop another name and publishes it. */
async function rename(waypoint, title) {
  const key = await server.run("key", "create", "--role", "designer", "--name", "renamer");
  const at = `${server.url}/v1/design/routes/${ROUTE}`;
  const call = async (method, path, etag, body) => {
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(etag && { "if-match": etag }),
    };
    const answer = await fetch(at + path, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.headers.get("etag");
  };
  const before = await call("GET", "/draft");
  const changed = await call("PATCH", `/draft/waypoints/${waypoint}`, before, {
    title: { "zh-CN": title, en: "Renamed" },
  });
  await call("POST", "/publish", changed, { note: "renamed" });
}

test("what is not for the phone to keep is not kept", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${stops[0].id}`);
  await worked(page);
  await page.reload();
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="kept"]').waitFor();
  await page.getByRole("link", { name: "我的数据" }).click();
  await page.getByText("1 次，在 1 个站点").waitFor();
  const cached = await page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return lists.flat().map(({ url }) => new URL(url).pathname);
  });
  assert.ok(cached.some((path) => path.startsWith("/v1/routes")));
  assert.deepEqual(
    cached.filter((path) => /me|check-ins|nearby|participants/.test(path.replace(/^\/v1\/routes.*/, ""))),
    [],
  );
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  assert.doesNotMatch(stored, /srp_/);
  await context.close();
});
