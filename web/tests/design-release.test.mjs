// What a designer takes out of the page and takes back: the route as a file, a draft given up, a route taken from visitors; and which
// sheet of a workbook is read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, makeRoute, openRoute, panelOf, saved, signedIn, studio } from "./design-support.mjs";
import { shot } from "./support.mjs";

const CANAL = "peoples-canal";
const TWO = [
  { "zh-CN": "东门", en: "East gate" },
  { "zh-CN": "石桥", en: "Stone bridge" },
];

let all;

before(async () => {
  all = await studio();
});

after(async () => {
  await all?.end();
});

const isServed = async () => (await fetch(`${all.server.url}/v1/routes/${CANAL}?lang=en`)).status;

test("the route is saved as a file that, taken in again, changes nothing", async () => {
  const { page, done } = await signedIn(all);
  await openRoute(page, /人民的运河/);
  await panelOf(page, "历史").click();
  for (const format of ["XLSX", "GEOJSON"]) {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(".panel").getByRole("link", { name: format, exact: true }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `${CANAL}.${format.toLowerCase()}`);
    const file = {
      name: download.suggestedFilename(),
      mimeType: "application/octet-stream",
      buffer: readFileSync(await download.path()),
    };
    await panelOf(page, "导入").click();
    await page.locator('.panel input[type="file"]').setInputFiles(file);
    await page.getByText("共 26 行：新增 0，修改 0，不变 26，移除 0，有错 0").waitFor();
    await panelOf(page, "历史").click();
  }
  await done();
});

test("what is not published is given up only after being asked once more", async () => {
  const { page, done } = await signedIn(all);
  await openRoute(page, /人民的运河/);
  const title = page.getByLabel("English").first();
  const before = await title.inputValue();
  await title.fill("Another name");
  await saved(page);
  assert.equal((await all.draft(CANAL)).title.en, "Another name");
  await panelOf(page, "历史").click();
  await page.getByRole("button", { name: "放弃未发布的改动" }).click();
  await page.getByRole("button", { name: "不", exact: true }).click();
  assert.equal((await all.draft(CANAL)).title.en, "Another name", "no is no");
  await page.getByRole("button", { name: "放弃未发布的改动" }).click();
  await page.getByRole("button", { name: "确定放弃未发布的改动" }).click();
  await page.getByRole("button", { name: "放弃未发布的改动" }).waitFor({ state: "detached" });
  assert.equal((await all.draft(CANAL)).title.en, before);
  assert.equal(await title.inputValue(), before, "the page shows what is published");
  await done();
});

test("a route is taken from visitors, keeps what it had as its draft, and is given back", async () => {
  const { page, done } = await signedIn(all);
  await openRoute(page, /人民的运河/);
  assert.equal(await isServed(), 200);
  await panelOf(page, "历史").click();
  await page.getByRole("button", { name: /^不再对游客显示/ }).click();
  await page.getByRole("button", { name: /^确定不再对游客显示/ }).click();
  await page.locator(".panel li", { hasText: "收回" }).first().waitFor();
  await accessible(page, "design-withdrawn");
  await shot(page, "design-withdrawn");
  assert.equal(await isServed(), 404);
  assert.equal((await all.draft(CANAL)).waypoints.length, 26);
  await panelOf(page, "发布").click();
  await page.getByRole("button", { name: "现在发布" }).waitFor();
  for (const tick of await page.locator(".panel fieldset input[type=checkbox]").all()) await tick.check();
  await page.getByRole("button", { name: "现在发布" }).click();
  await page
    .getByText(/已发布为第 \d+ 版/)
    .first()
    .waitFor();
  assert.equal(await isServed(), 200);
  await done();
});

test("of a workbook with several sheets one is chosen", async () => {
  await makeRoute(all, "of-a-sheet", TWO);
  const answer = await fetch(`${all.server.url}/v1/design/templates/xlsx`, {
    headers: { authorization: `Bearer ${all.key}` },
  });
  const file = {
    name: "template.xlsx",
    mimeType: "application/octet-stream",
    buffer: Buffer.from(await answer.arrayBuffer()),
  };
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 of-a-sheet");
  await panelOf(page, "导入").click();
  await page.locator('.panel input[type="file"]').setInputFiles(file);
  const choice = page.getByRole("combobox", { name: "读哪张工作表" });
  await page.getByText("共 1 行：新增 1").waitFor();
  const [first, second] = await choice.locator("option").allTextContents();
  assert.equal(await choice.inputValue(), first);
  // The other sheet explains the headings and holds no stops: that is said, and the first one stays chosen.
  await choice.selectOption(second);
  await page.locator('.panel [role="alert"]').getByText(`工作表“${second}”里没有站点的表头`).waitFor();
  assert.equal(await choice.inputValue(), first);
  await accessible(page, "design-import-sheet");
  await shot(page, "design-import-sheet");
  await page.getByRole("button", { name: "导入到草稿" }).click();
  await page.getByText("已导入草稿").waitFor();
  assert.equal((await all.draft("of-a-sheet")).waypoints.length, TWO.length + 1);
  await done(["422"]);
});
