// What must hold wherever one is on the designer's page: it is read by everybody, in both languages, on both screens, and no text of a
// route breaks it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, makeRoute, openRoute, panelOf, saved, signedIn, studio } from "./design-support.mjs";
import { DESK, PHONE, shot } from "./support.mjs";

const SCREENS = { desk: DESK, phone: PHONE };
const WORDS = {
  "zh-CN": {
    route: /孔孟科学之光/,
    stops: "站点",
    tabs: ["文字", "位置与范围", "知识点", "问题", "展品"],
    panels: ["导入", "检查", "预演", "发布", "历史"],
  },
  "en-US": {
    route: /Light of Science/,
    stops: "Stops",
    tabs: ["Texts", "Place and zone", "Facts", "Questions", "Exhibits"],
    panels: ["Import", "Check", "Rehearse", "Publish", "History"],
  },
};

let all;

before(async () => {
  all = await studio();
});

after(async () => {
  await all?.end();
});

for (const [screen, device] of Object.entries(SCREENS)) {
  for (const [locale, words] of Object.entries(WORDS)) {
    test(`every part of the page is accessible on a ${screen} in ${locale}`, async () => {
      const { page, done } = await signedIn(all, { device, locale });
      const name = (part) => `design-${screen}-${locale}-${part}`;
      await page.getByRole("button", { name: words.route }).waitFor();
      await accessible(page, "routes");
      await shot(page, name("routes"));
      await openRoute(page, words.route);
      await page.waitForTimeout(800);
      await accessible(page, "route");
      await shot(page, name("route"));
      if (screen === "phone") await page.getByRole("button", { name: words.stops, exact: true }).click();
      await page.locator("[data-stop]").nth(6).click();
      for (const tab of words.tabs) {
        await page.getByRole("tab", { name: tab, exact: true }).click();
        await accessible(page, tab);
        await shot(page, name(`part-${words.tabs.indexOf(tab) + 1}`));
      }
      for (const panel of words.panels) {
        await panelOf(page, panel).click();
        await page.locator(".panel").waitFor();
        await page.waitForTimeout(800);
        await accessible(page, panel);
        await shot(page, name(`panel-${words.panels.indexOf(panel) + 1}`));
        await panelOf(page, panel).click();
      }
      await done();
    });
  }
}

test("hostile texts are shown as texts and break nothing", async () => {
  const markup = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
  const titles = [
    { "zh-CN": markup, en: markup },
    { "zh-CN": "长".repeat(10_000), en: "x".repeat(10_000) },
    { "zh-CN": "مرحبا بالعالم \u202Eabc", en: "\u202Eevil" },
  ];
  await makeRoute(all, "hostile", titles);
  for (const [screen, device] of Object.entries(SCREENS)) {
    const { page, done } = await signedIn(all, { device });
    await openRoute(page, "路线 hostile");
    if (screen === "phone") await page.getByRole("button", { name: "站点", exact: true }).click();
    for (let at = 0; at < titles.length; at++) {
      if (screen === "phone") await page.getByRole("button", { name: "站点", exact: true }).click();
      await page.locator("[data-stop]").nth(at).click();
      await page.waitForTimeout(400);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `title ${at + 1} makes the page ${wide} px too wide on a ${screen}`);
      await shot(page, `design-hostile-${screen}-${at + 1}`);
    }
    for (const panel of ["检查", "发布"]) {
      await panelOf(page, panel).click();
      await page.waitForTimeout(800);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${panel} is ${wide} px too wide on a ${screen}`);
      await shot(page, `design-hostile-${screen}-${panel === "检查" ? "lint" : "publish"}`);
      await panelOf(page, panel).click();
    }
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    await done();
  }
});

test("a file that is dropped on the page is tried", async () => {
  await makeRoute(all, "dropped", [{ "zh-CN": "东门", en: "East gate" }]);
  const { page, done } = await signedIn(all);
  await openRoute(page, "路线 dropped");
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["name,lat,lon\nBridge,35.6,116.98\n"], "stops.csv", { type: "text/csv" }));
    return transfer;
  });
  await page.dispatchEvent(".map", "drop", { dataTransfer: dropped });
  await page.getByText("新增 1").waitFor();
  await saved(page);
  await done();
});
