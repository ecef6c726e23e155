// The designer's page: from a table to what visitors get, and what happens to every edit on the way.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, makeRoute, openRoute, panelOf, saved, signedIn, studio } from "./design-support.mjs";
import { shot } from "./support.mjs";

const THREE = [
  { "zh-CN": "东门", en: "East gate" },
  { "zh-CN": "石桥", en: "Stone bridge" },
  { "zh-CN": "钟楼", en: "Bell tower" },
];
/** 编号,名称,英文名,纬度,经度,半径(米),简介 in GBK, as Excel saves a table in China. */
const HEADINGS = Buffer.from(
  "b1e0bac52cc3fbb3c62cd3a2cec4c3fb2cceb3b6c82cbeadb6c82cb0ebbeb628c3d7292cbcf2bde90d0a",
  "hex",
);

let all;

before(async () => {
  all = await studio();
});

after(async () => {
  await all?.end();
});

const csv = (...rows) => ({
  name: "stops.csv",
  mimeType: "text/csv",
  buffer: Buffer.concat([HEADINGS, Buffer.from(rows.join("\r\n"), "latin1")]),
});

const ids = async (route) => (await all.draft(route)).waypoints.map((one) => one.id);

test("a key that is not known is refused in words, and a known one opens the routes until one signs out", async () => {
  const { page, done } = await signedIn(all);
  await page.getByRole("button", { name: /孔孟科学之光/ }).waitFor();
  await page.getByRole("button", { name: "退出" }).click();
  await page.locator('input[type="password"]').fill("not-a-key");
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByText("没有这个密钥").waitFor();
  await accessible(page, "sign-in");
  await done(["401"]);
});

test("a table becomes published stops: tried first, its wrong rows named by line, then taken, then served", async () => {
  const { page, done } = await signedIn(all);
  await page.getByText("新建路线").click();
  await page.getByLabel("中文名称").fill("从表格来");
  await page.getByLabel("英文名称").fill("From a table");
  await page.getByRole("button", { name: "建立" }).click();
  await panelOf(page, "导入").click();
  const input = page.locator('.panel input[type="file"]');
  await input.setInputFiles(csv("gate,Gate,Gate,35.5901,116.9801,60,Old", "bad,Bad,Bad,95,116.98,60,x"));
  const trial = page.locator("[data-trial]");
  await trial.getByText("GBK (GB 18030)").waitFor();
  const wrong = trial.locator("tr.wrong");
  assert.equal(await wrong.locator("th").textContent(), "3", "the line in the file");
  assert.match(await wrong.textContent(), /纬度.*95.*-90 到 90/s);
  assert.ok(await trial.getByRole("button", { name: "导入到草稿" }).isDisabled());
  await accessible(page, "design-import-wrong-row");
  await shot(page, "design-import-wrong-row");
  assert.deepEqual(await ids("from-a-table"), [], "a trial keeps nothing");

  await input.setInputFiles(
    csv("gate,Gate,Gate,35.5901,116.9801,60,Old", "bridge,Bridge,Bridge,35.5931,116.9801,60,x"),
  );
  await trial.getByText("新增 2").waitFor();
  await trial.getByRole("button", { name: "导入到草稿" }).click();
  await page.getByText("已导入草稿").waitFor();
  assert.deepEqual(await ids("from-a-table"), ["gate", "bridge"]);

  await panelOf(page, "发布").click();
  const ticks = page.locator(".panel fieldset input[type=checkbox]");
  await page.getByRole("button", { name: "现在发布" }).waitFor();
  for (const tick of await ticks.all()) await tick.check();
  await page.getByLabel("这次改了什么（写进历史）").fill("第一版");
  await accessible(page, "design-publish");
  await shot(page, "design-publish");
  await page.getByRole("button", { name: "现在发布" }).click();
  await page.getByText("已发布为第 1 版").first().waitFor();
  const near = await all.api("GET", "/v1/nearby?lat=35.5901&lon=116.9801&route=from-a-table");
  assert.deepEqual(
    near.items.map((one) => one.waypoint.id),
    ["from-a-table/gate", "from-a-table/bridge"],
  );
  await done();
});

test("an import can be undone", async () => {
  await makeRoute(all, "undo-import", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 undo-import");
  await panelOf(page, "导入").click();
  await page.locator('.panel input[type="file"]').setInputFiles(csv("new-one,New,New,35.5999,116.98,60,x"));
  await page.getByRole("button", { name: "导入到草稿" }).click();
  await page.getByText("已导入草稿").waitFor();
  assert.equal((await ids("undo-import")).length, 4);
  await page.getByRole("button", { name: "撤销" }).click();
  await saved(page);
  assert.deepEqual(await ids("undo-import"), ["stop-1", "stop-2", "stop-3"]);
  await done();
});

test("numbers of a Chinese map are shown in both readings, and land on the stops once that is chosen", async () => {
  const route = "peoples-canal";
  const true_ = (await all.draft(route)).waypoints.slice(0, 3);
  const shifted = (await all.api("GET", `/v1/design/routes/${route}/draft?crs=gcj02`)).waypoints.slice(0, 3);
  const rows = shifted.map(
    (one) => `${one.id},${one.title.en.replaceAll(",", "")},x,${one.position.lat},${one.position.lon},500,x`,
  );
  const { page, done } = await signedIn(all);
  await openRoute(page, /人民的运河/);
  await panelOf(page, "导入").click();
  await page.locator('.panel input[type="file"]').setInputFiles(csv(...rows));
  await page.getByText("哪个对？").waitFor();
  await page.locator(".ghost.as-written").first().waitFor();
  assert.equal(await page.locator(".ghost.as-written").count(), 3);
  assert.equal(await page.locator(".ghost.converted").count(), 3);
  assert.ok(await page.getByRole("button", { name: "导入到草稿" }).isDisabled(), "the doubt comes first");
  await page.waitForTimeout(1_000);
  await accessible(page, "design-import-ghosts");
  await shot(page, "design-import-ghosts");
  await page.getByRole("button", { name: /^B 对/ }).click();
  await page.getByText("哪个对？").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "导入到草稿" }).click();
  await page.getByText("已导入草稿").waitFor();
  const now = (await all.draft(route)).waypoints;
  for (const [at, one] of true_.entries()) {
    assert.ok(Math.abs(now[at].position.lat - one.position.lat) < 1e-5, `${one.id} is where it was`);
  }
  await done();
});

test("undo and redo go through additions, moves, texts and deletions in one history, and the server follows", async () => {
  await makeRoute(all, "one-history", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 one-history");
  await page.getByRole("button", { name: "添加站点" }).click();
  await page.getByRole("button", { name: "放在地图中央" }).click();
  await page.getByLabel("中文", { exact: true }).first().fill("新桥");
  await page.getByRole("button", { name: "删除", exact: true }).click();
  await saved(page);
  assert.deepEqual(await ids("one-history"), ["stop-1", "stop-2", "stop-3"]);
  const undo = page.getByRole("button", { name: "撤销" });
  await undo.click();
  await saved(page);
  assert.equal((await all.draft("one-history")).waypoints[3].title["zh-CN"], "新桥");
  await undo.click();
  await saved(page);
  assert.equal((await all.draft("one-history")).waypoints[3].title["zh-CN"], "新站点 4");
  await page.keyboard.press("Control+z");
  await saved(page);
  assert.equal((await ids("one-history")).length, 3);
  assert.ok(await undo.isDisabled());
  await page.keyboard.press("Control+y");
  await page.keyboard.press("Control+Shift+z");
  await saved(page);
  assert.equal((await all.draft("one-history")).waypoints[3].title["zh-CN"], "新桥");
  await done();
});

test("the keyboard alone puts stops in another order and moves them on the map", async () => {
  await makeRoute(all, "by-keys", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 by-keys");
  const row = page.locator('[data-stop="stop-1"]');
  await row.focus();
  await page.keyboard.press("Alt+ArrowDown");
  await page.waitForFunction(() => document.activeElement?.dataset.stop === "stop-1");
  await page.keyboard.press("Alt+ArrowDown");
  await saved(page);
  assert.deepEqual(await ids("by-keys"), ["stop-2", "stop-3", "stop-1"]);
  assert.match(await page.locator('[role="status"]').first().textContent(), /现在是第 3 站/);

  const before = (await all.draft("by-keys")).waypoints[2].position;
  await page.locator('.pin[aria-label*="东门"]').focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowUp");
  await saved(page);
  const after = (await all.draft("by-keys")).waypoints[2].position;
  const northM = (after.lat - before.lat) * 110_950;
  assert.ok(Math.abs(northM - 30) < 0.5, `moved north by ${northM} m`);
  assert.equal(after.lon, before.lon);
  await page.keyboard.press("Control+z");
  await saved(page);
  assert.deepEqual((await all.draft("by-keys")).waypoints[2].position, before, "one step of the history");
  await done();
});

test("stops are dragged on the map and in the list", async () => {
  await makeRoute(all, "by-hand", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 by-hand");
  await page.waitForTimeout(500);
  const before = (await all.draft("by-hand")).waypoints[1].position;
  const pin = await page.locator('.pin[aria-label*="石桥"]').boundingBox();
  const [x, y] = [pin.x + pin.width / 2, pin.y + pin.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 120, y, { steps: 6 });
  await page.mouse.up();
  await saved(page);
  const moved = (await all.draft("by-hand")).waypoints[1].position;
  assert.ok(moved.lon > before.lon, "east of where it was");
  await page.locator('[data-stop="stop-3"]').dragTo(page.locator('[data-stop="stop-1"]'));
  await saved(page);
  assert.deepEqual(await ids("by-hand"), ["stop-3", "stop-1", "stop-2"]);
  await done();
});

test("a polygon is drawn, a circle resized, and both are zones that the server takes", async () => {
  await makeRoute(all, "zones", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 zones");
  await page.locator('[data-stop="stop-1"]').click();
  await page.getByRole("button", { name: "画多边形范围" }).click();
  await page.waitForTimeout(1_500);
  const pin = await page.locator(".pin.chosen").boundingBox();
  const [x, y] = [pin.x + pin.width / 2, pin.y + pin.height / 2];
  const corners = [
    [-80, -60],
    [90, -70],
    [100, 80],
    [-70, 90],
    [-80, -60],
  ];
  for (const [right, down] of corners) {
    await page.mouse.move(x + right, y + down, { steps: 3 });
    await page.mouse.click(x + right, y + down);
    await page.waitForTimeout(200);
  }
  await saved(page);
  const drawn = (await all.draft("zones")).waypoints[0].zone;
  assert.equal(drawn.kind, "polygon");
  assert.equal(drawn.coordinates[0].length, 5);
  await accessible(page, "design-polygon");
  await shot(page, "design-polygon");
  await page.mouse.move(x + 90, y - 70);
  await page.mouse.down();
  await page.mouse.move(x + 130, y - 110, { steps: 8 });
  await page.mouse.up();
  await saved(page);
  assert.notDeepEqual((await all.draft("zones")).waypoints[0].zone, drawn, "a corner was dragged");
  await page.keyboard.press("Control+z");
  await saved(page);
  assert.deepEqual((await all.draft("zones")).waypoints[0].zone, drawn);
  await page.getByLabel("形状").selectOption("circle");
  await page.getByLabel("半径（米）").fill("90");
  await page.keyboard.press("Control+z");
  assert.equal(await page.getByLabel("半径（米）").inputValue(), "50", "undone within the field");
  await page.getByLabel("半径（米）").fill("75");
  await saved(page);
  assert.deepEqual((await all.draft("zones")).waypoints[0].zone, { kind: "circle", radius_m: 75 });
  await done();
});

test("two designers at once: what both changed is chosen side by side, the rest of both is kept", async () => {
  await makeRoute(all, "two-at-once", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 two-at-once");
  await page.locator('[data-stop="stop-2"]').click();
  const { etag } = await all.draft("two-at-once");
  const path = "/v1/design/routes/two-at-once/draft/waypoints/stop-2";
  await all.api(
    "PATCH",
    path,
    { title: { "zh-CN": "别人的桥" }, summary: { "zh-CN": "别人的简介" } },
    { "if-match": etag },
  );
  await page.getByLabel("中文", { exact: true }).first().fill("我的桥");
  await page.getByLabel("半径").waitFor({ state: "detached" });
  const dialog = page.getByRole("dialog");
  await dialog.getByText("别人的桥").first().waitFor();
  await dialog.getByText("我的桥").first().waitFor();
  await accessible(page, "design-conflict");
  await shot(page, "design-conflict");
  assert.equal(
    (await all.draft("two-at-once")).waypoints[1].title["zh-CN"],
    "别人的桥",
    "nothing was overwritten",
  );
  await dialog.getByRole("radio", { name: "我的" }).check();
  await dialog.getByRole("button", { name: "这样保存" }).click();
  await saved(page);
  const settled = (await all.draft("two-at-once")).waypoints[1];
  assert.equal(settled.title["zh-CN"], "我的桥");
  assert.equal(settled.title.en, "Stone bridge");
  assert.equal(settled.summary["zh-CN"], "别人的简介");
  await done(["412"]);
});

test("what is typed without network is kept and saved when the network is back", async () => {
  await makeRoute(all, "no-network", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 no-network");
  await page.locator('[data-stop="stop-1"]').click();
  await page.context().setOffline(true);
  await page.getByLabel("中文", { exact: true }).first().fill("离线写的");
  await page.getByText("没有网络，稍后自动保存").waitFor();
  await page.context().setOffline(false);
  await saved(page);
  assert.equal((await all.draft("no-network")).waypoints[0].title["zh-CN"], "离线写的");
  await done(["ERR_INTERNET_DISCONNECTED"]);
});

test("a session that ends under open work asks for the key again and loses nothing", async () => {
  await makeRoute(all, "session-ends", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 session-ends");
  await page.locator('[data-stop="stop-1"]').click();
  await page.request.delete(`${all.server.url}/v1/session`, { headers: { "x-studyroute-page": "1" } });
  await page.getByLabel("中文", { exact: true }).first().fill("登录过期时写的");
  await page.getByText("没存完的改动还在").waitFor();
  await page.locator('input[type="password"]').fill(all.key);
  await page.getByRole("button", { name: "登录" }).click();
  await saved(page);
  assert.equal((await all.draft("session-ends")).waypoints[0].title["zh-CN"], "登录过期时写的");
  await done(["401"]);
});

test("the way is drawn along what it should meet, and snaps to the stops", async () => {
  await makeRoute(all, "a-way", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 a-way");
  await page.waitForTimeout(800);
  await page.getByRole("button", { name: "画路线走向" }).click();
  const pins = [];
  for (const pin of await page.locator(".pin").all()) pins.push(await pin.boundingBox());
  // Beside the stops, within a finger's breadth of them.
  for (const { x, y, width, height } of [...pins, pins[2]]) {
    const at = [x + width / 2 + 9, y + height / 2 - 5];
    await page.mouse.move(...at, { steps: 3 });
    await page.mouse.click(...at);
    await page.waitForTimeout(250);
  }
  await saved(page);
  const { line, waypoints } = await all.draft("a-way");
  assert.deepEqual(
    line.coordinates,
    waypoints.map((one) => [one.position.lon, Number(one.position.lat.toFixed(7))]),
  );
  await page.keyboard.press("Control+z");
  await saved(page);
  assert.equal((await all.draft("a-way")).line?.coordinates?.length ?? 0, 0);
  await done();
});

test("a finding of the lint leads to its field, and mending it there lets the route be published", async () => {
  await makeRoute(all, "to-mend", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 to-mend");
  await page.locator('[data-stop="stop-3"]').click();
  await page.getByRole("tab", { name: "知识点" }).click();
  await page.getByRole("button", { name: "添加知识点" }).click();
  await page.getByLabel("中文", { exact: true }).first().fill("钟声");
  await saved(page);
  await page.locator('[data-stop="stop-1"]').click();
  await panelOf(page, "检查").click();
  const rule = page.locator(".panel details", { hasText: "知识点要写明出处" });
  await rule.getByRole("button").first().click();
  await page.waitForFunction(() => document.activeElement?.dataset.path === "facts[0].source");
  await accessible(page, "design-lint");
  await shot(page, "design-lint");
  await page.keyboard.type("县志");
  await rule.waitFor({ state: "detached" });
  assert.equal((await all.draft("to-mend")).waypoints[2].facts[0].source, "县志");
  await done();
});

test("a rehearsal is told in a table and on the map", async () => {
  const { page, done } = await signedIn(all);
  await openRoute(page, /孔孟科学之光/);
  await panelOf(page, "预演").click();
  await page.getByLabel("人数").fill("50");
  await page.getByRole("button", { name: "开始预演" }).click();
  await page.getByText(/50 人中/).waitFor();
  assert.equal(await page.locator(".panel tbody tr").count(), 28);
  assert.match(await page.locator(".pin.told").first().textContent(), /✓|%/);
  await page.waitForTimeout(800);
  await accessible(page, "design-rehearsal");
  await shot(page, "design-rehearsal");
  await done();
});

test("a model is sent, looked at and placed by turn, size and height", async () => {
  await makeRoute(all, "with-model", THREE);
  const model = new URL("../../routes-data/peoples-canal/models/lifting-board-gate.glb", import.meta.url);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 with-model");
  await page.locator('[data-stop="stop-1"]').click();
  await page.getByRole("tab", { name: "展品" }).click();
  await page.getByRole("button", { name: "添加展品" }).click();
  await page.getByLabel("类型").selectOption("model");
  const file = { name: "gate.glb", mimeType: "model/gltf-binary", buffer: readFileSync(model) };
  await page.locator('.form input[type="file"]').setInputFiles(file);
  await page.getByRole("button", { name: "看三维模型" }).click();
  await page.getByText("原尺寸").waitFor();
  await page.getByLabel("朝向（从北顺时针，度）").fill("90");
  await page.getByLabel("大小（倍）").fill("2");
  await page.getByLabel("离地高度（米）").fill("");
  await page.getByLabel("离地高度（米）").pressSequentially("1.05");
  await page.getByLabel("在站点以东（米）").fill("10");
  await saved(page);
  await page.getByText("原尺寸").scrollIntoViewIfNeeded();
  await accessible(page, "design-model");
  await shot(page, "design-model");
  const [exhibit] = (await all.draft("with-model")).waypoints[0].exhibits;
  assert.equal(exhibit.assets[0].bytes, file.buffer.length);
  assert.equal(exhibit.scale, 2);
  assert.equal(exhibit.geopose.position.h, 1.05);
  const { z, w } = exhibit.geopose.quaternion;
  assert.ok(
    Math.abs(z + Math.SQRT1_2) < 1e-9 && Math.abs(w - Math.SQRT1_2) < 1e-9,
    "a quarter turn clockwise",
  );
  const eastM = (exhibit.geopose.position.lon - 116.98) * 90_600;
  assert.ok(Math.abs(eastM - 10) < 0.2, `${eastM} m east of the stop`);
  await done();
});

test("a publication is set for a time, the draft stands still until that is taken back", async () => {
  await makeRoute(all, "on-time", THREE);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 on-time");
  await panelOf(page, "发布").click();
  await page.getByRole("button", { name: "现在发布" }).waitFor();
  if (await page.getByText(/处错误，改好才能发布/).count())
    throw new Error("the route of this test has errors");
  for (const tick of await page.locator(".panel fieldset input[type=checkbox]").all()) await tick.check();
  const year = new Date().getFullYear() + 1;
  await page.getByLabel(/^定时/).fill(`${year}-05-01T06:00`);
  await page.getByRole("button", { name: "定时发布" }).click();
  await page.getByText("草稿锁定").waitFor();
  assert.equal(
    new Date((await all.draft("on-time")).schedule.at).toISOString(),
    `${year}-04-30T22:00:00.000Z`,
  );
  assert.ok(await page.getByRole("button", { name: "添加站点" }).isDisabled());
  await page.getByRole("button", { name: "取消定时" }).click();
  await page.getByText("草稿锁定").waitFor({ state: "detached" });
  assert.equal((await all.draft("on-time")).schedule, undefined);
  await done();
});

test("an old revision is compared and brought back", async () => {
  const path = "/v1/design/routes/confucius-mencius/draft";
  const { etag } = await all.draft("confucius-mencius");
  await all.api(
    "PATCH",
    `${path}/waypoints/dacheng-hall`,
    { title: { "zh-CN": "改过的大殿" } },
    { "if-match": etag },
  );
  await all.api("POST", "/v1/design/routes/confucius-mencius/publish", { note: "试改" });
  const { page, done } = await signedIn(all);
  await openRoute(page, /孔孟科学之光/);
  await panelOf(page, "历史").click();
  const first = page.locator(".panel li", { hasText: "第 1 版" });
  await first.getByRole("button", { name: "与草稿比较" }).click();
  await first.locator("ins", { hasText: "改过的大殿" }).waitFor();
  await accessible(page, "design-history");
  await shot(page, "design-history");
  await first.getByRole("button", { name: "恢复这一版" }).click();
  await first.getByRole("button", { name: "确定恢复这一版" }).click();
  await page.locator(".panel li", { hasText: "第 3 版" }).waitFor();
  const hall = await all.api("GET", "/v1/routes/confucius-mencius/waypoints/dacheng-hall?lang=zh-CN");
  assert.equal(hall.title, "大成殿");
  await done();
});
