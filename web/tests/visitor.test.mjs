// A visitor walks a route with a phone: the front door, with a faked position along the real stops.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, DESK, serve, shot, watched } from "./support.mjs";
import { faults, keptOf, north, phone, shelf, stopsOf, violations } from "./visitor-support.mjs";

const ROUTE = "confucius-mencius";
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

test("a visitor walks three stops, checks in at each, and the next stop follows", async () => {
  const { page, wrong, open, stand, context } = await phone(chrome, server, { at: stops[0] });
  await open();
  await page.getByRole("link", { name: "孔孟科学之光" }).click();
  for (const [i, stop] of stops.slice(0, 3).entries()) {
    // An hour between two stops: faster than a coach is uncertain.
    await page.clock.setFixedTime(Date.now() - (3 - i) * 3_600_000);
    await stand(stop);
    await page.getByRole("heading", { name: "下一站" }).waitFor();
    assert.match(await page.locator(".next-stop").last().textContent(), new RegExp(stop.title.slice(0, 4)));
    await page.getByRole("link", { name: "去看这一站" }).click();
    await page.locator('[data-state="inside"]').waitFor();
    await page.getByRole("button", { name: "打卡" }).click();
    await page.locator('[data-fate="kept"]').waitFor();
    await page.getByRole("link", { name: "整条路线" }).click();
    await page.getByText(`到过 ${i + 1} 站，共 ${stops.length} 站`).waitFor();
  }
  await shot(page, "visitor-route");
  const kept = await keptOf(server, page);
  assert.deepEqual(
    kept.map(({ waypoint, verdict }) => [waypoint, verdict]),
    stops.slice(0, 3).map(({ id }) => [id, "inside"]),
  );
  assert.deepEqual(wrong, []);
  await context.close();
});

test("the button says honestly where one stands, and a judged check-in keeps no position", async () => {
  const stop = stops.find(({ id }) => id.endsWith("/yan-temple"));
  const reach = stop.zone.radius_m;
  const { page, open, stand, context } = await phone(chrome, server, { at: north(stop, reach + 400) });
  await open(`#/r/${stop.id}`);
  await page.locator('[data-state="outside"]').waitFor();
  assert.match(await page.locator(".where").textContent(), /在范围外 (399|400|401) 米/);
  assert.equal(await page.getByRole("button", { name: "打卡" }).isDisabled(), true);
  await shot(page, "visitor-outside");

  await stand(north(stop, reach + 30), 60);
  await page.locator('[data-state="uncertain"]').waitFor();
  await shot(page, "visitor-uncertain");
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="kept"]').waitFor();
  assert.match(await page.locator("[data-fate]").textContent(), /不确定/);
  const [item] = await shelf(page, "checkIns");
  assert.equal(item.position, undefined);
  await context.close();
});

test("a phone that reports the shifted system of Chinese maps can be corrected by who knows where they stand", async () => {
  const stop = stops[0];
  const shifted = await fetch(`${server.url}${stop.href}?crs=gcj02`).then((answer) => answer.json());
  const { page, open, context } = await phone(chrome, server, { at: shifted });
  await open(`#/r/${stop.id}`);
  await page.locator('[data-state="outside"]').waitFor();
  await page.getByText("你就站在这里吗").waitFor();
  await shot(page, "visitor-shifted");
  await page.getByRole("button", { name: "纠正偏移" }).click();
  await page.locator('[data-state="inside"]').waitFor();
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="kept"]').waitFor();
  const [kept] = await keptOf(server, page);
  assert.equal(kept.verdict, "inside");
  assert.ok(kept.distance_m < 0.2, `${kept.distance_m} m off`);
  await context.close();
});

test("after the check-in comes the question, and the choice is remembered", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${stops[0].id}`);
  assert.equal(await page.locator(".quiz").count(), 0);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator(".quiz input").nth(2).check();
  await page.getByText("这是练习").waitFor();
  await shot(page, "visitor-question");
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".quiz input")[2]?.checked);
  await context.close();
});

test("a phone whose clock is days ahead is told so", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await page.clock.install({ time: Date.now() + 5 * 86_400_000 });
  await open(`#/r/${stops[0].id}`);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="refused"]').waitFor();
  assert.match(await page.locator("[data-fate]").textContent(), /时钟走快了/);
  await context.close();
});

test("without the position everything else works, and the page says what does not", async () => {
  const { page, wrong, open, context } = await phone(chrome, server, { allowed: false });
  await open(`#/r/${stops[2].id}`);
  await page.getByRole("button", { name: "打开定位" }).click();
  await page.getByText("没有允许定位").waitFor();
  await page.getByRole("heading", { name: "史实与出处" }).waitFor();
  await shot(page, "visitor-refused");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("the language switches in place, and is remembered", async () => {
  const { page, open, context } = await phone(chrome, server);
  await open(`#/r/${stops[6].id}`);
  await page.getByRole("heading", { name: "大成殿", exact: true }).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: /Dacheng Hall/ }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.reload();
  await page.getByRole("heading", { name: /Dacheng Hall/ }).waitFor();
  await context.close();
});

test("my data shows what is kept and erases it here and there", async () => {
  const { page, open, context } = await phone(chrome, server, { at: stops[0] });
  await open(`#/r/${stops[0].id}`);
  await page.getByRole("button", { name: "打卡" }).click();
  await page.locator('[data-fate="kept"]').waitFor();
  const [me] = await shelf(page, "participant");
  await page.getByRole("link", { name: "我的数据" }).click();
  await page.getByText(me.participant_id).waitFor();
  await page.getByText("1 次，在 1 个站点").waitFor();
  await shot(page, "visitor-my-data");
  await page.getByRole("button", { name: "删除我的数据" }).click();
  await page.getByRole("button", { name: "确定删除" }).click();
  await page.getByText("已经删除").waitFor();
  for (const name of ["participant", "checkIns", "visits", "answers"]) {
    assert.deepEqual(await shelf(page, name), [], name);
  }
  const gone = await fetch(`${server.url}/v1/me`, { headers: { authorization: `Bearer ${me.token}` } });
  assert.equal(gone.status, 401);
  await context.close();
});

test("no page has a fault that axe can see, in either language, by day and by night", async () => {
  for (const lang of ["zh-CN", "en"]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, wrong, open, context } = await phone(chrome, server, { at: stops[0], lang, colorScheme });
      for (const [name, hash] of [
        ["home", "#/"],
        ["route", `#/r/${ROUTE}`],
        ["stop", `#/r/${stops[0].id}`],
        ["me", "#/me"],
      ]) {
        await open(hash);
        await page.locator("h1").waitFor();
        await page.waitForTimeout(300);
        assert.deepEqual(await violations(page), [], `${name} ${lang} ${colorScheme}`);
        if (colorScheme === "light") await shot(page, `visitor-${name}-${lang}`);
      }
      assert.deepEqual(wrong, []);
      await context.close();
    }
  }
});

test("titles that are markup, endless or written from right to left break no page", async () => {
  const titles = [
    '<img src=x onerror="alert(1)"><script>alert(2)</script>',
    "长".repeat(10_000),
    "\u202Eمحور القناة\u202E abc",
  ];
  for (const title of titles) {
    const { page, wrong, open, context } = await phone(chrome, server, {
      at: stops[0],
      serviceWorkers: "block",
    });
    await context.route("**/v1/routes**", async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace(/"title":"[^"]*"/g, `"title":${JSON.stringify(title)}`);
      await route.fulfill({ response: answer, body: text });
    });
    for (const hash of ["#/", `#/r/${ROUTE}`, `#/r/${stops[0].id}`, `#/r/${stops[0].id}/ar`]) {
      await open(hash);
      await page.locator("h1").waitFor();
      await page.waitForTimeout(200);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${hash} is ${wide} px too wide`);
      assert.equal(await page.locator("main img[src=x]").count(), 0);
    }
    assert.deepEqual(faults(wrong), []);
    await context.close();
  }
});

test("with letters of double size on the narrowest screen nothing is cut off", async () => {
  const { page, open, context } = await phone(chrome, server, {
    at: stops[0],
    lang: "en",
    viewport: { width: 320, height: 640 },
  });
  for (const hash of ["#/", `#/r/${ROUTE}`, `#/r/${stops[0].id}`, `#/r/${stops[0].id}/ar`, "#/me"]) {
    await open(hash);
    await page.locator("h1").waitFor();
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${hash} is ${wide} px too wide`);
  }
  await shot(page, "visitor-large-letters");
  await context.close();
});

test("the page can be walked by keyboard", async () => {
  const context = await chrome.newContext({ ...DESK, locale: "en-GB" });
  const { page, wrong } = await watched(context, server.url);
  await page.goto(server.url);
  await page.getByRole("link", { name: "People's Canal" }).waitFor();
  await shot(page, "visitor-home-desk");
  for (let i = 0; i < 10; i++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.textContent)) === "People's Canal") break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "People's Canal" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  assert.deepEqual(wrong, []);
  await context.close();
});
