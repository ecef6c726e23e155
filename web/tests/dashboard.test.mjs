// The dashboard as a director meets it: its figures are those of the API, small ones are not said, and one sheet can be handed in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { browser, DESK, PHONE, serve, shot, watched } from "./support.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const ROUTE = "confucius-mencius";
/** Neighbouring stops, so that nobody is faster than a person can be, and how many people come to each. */
const CAME = {
  "confucius-temple": 24,
  "kuiwen-pavilion": 24,
  "thirteen-stele-pavilions": 12,
  "apricot-platform": 3,
};
const MEASURES = ["people", "visits", "batches", "check_ins"];
const LIVE_MS = 25_000;

let server;
let chromium;
let operator;
let stops;

before(async () => {
  server = await serve();
  chromium = await browser();
  operator = await server.run("key", "create", "--role", "operator", "--name", "director");
  const { items } = await api(`/v1/routes/${ROUTE}/waypoints?limit=100`);
  stops = Object.fromEntries(items.map((stop) => [stop.id.split("/")[1], stop]));
  for (let person = 0; person < 24; person++) {
    await walk(Object.keys(CAME).filter((name) => person < CAME[name]));
  }
});

after(async () => {
  await chromium?.close();
  await server?.end();
});

async function api(path, key) {
  const response = await fetch(server.url + path, { headers: key ? { authorization: `Bearer ${key}` } : {} });
  assert.ok(response.ok, `${path} answers ${response.status}`);
  return response.json();
}

async function post(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 201, `${path} answers ${response.status}`);
  return response.json();
}

/** One more person, who checks in at these stops now. */
async function walk(names) {
  const { token } = await post("/v1/participants", {});
  for (const name of names) {
    const { id, position } = stops[name];
    const now = new Date().toISOString();
    const there = { lat: position.lat, lon: position.lon, accuracy_m: 8 };
    await post(
      "/v1/check-ins",
      { id: `check-in-${name}`, waypoint: id, occurred_at: now, position: there },
      token,
    );
  }
}

/** The page with its figures; `done` closes it and says whether anything went wrong on it. */
async function open(where = "", { device = DESK, locale = "zh-CN", colorScheme = "light", prepare } = {}) {
  const context = await chromium.newContext({ ...device, locale, colorScheme });
  const { page, wrong } = await watched(context, server.url);
  await prepare?.(page);
  const answer = await page.goto(`${server.url}/dashboard${where}`);
  assert.equal(answer.status(), 200, "the binary serves the built dashboard");
  await figures(page);
  const done = async (expected = []) => {
    await context.close();
    assert.deepEqual(
      wrong.filter((line) => !expected.some((part) => line.includes(part))),
      [],
    );
  };
  return { page, done };
}

/** Waits for a board other than the one shown at this time. */
async function figures(page, than = "") {
  await page.waitForFunction((old) => {
    const made = document.querySelector("main[data-made]")?.getAttribute("data-made");
    return made && made !== old;
  }, than);
  return page.getAttribute("main", "data-made");
}

async function signIn(page, key) {
  const made = await page.getAttribute("main", "data-made");
  await page.locator(".account summary").click();
  await page.getByLabel("密钥").fill(key);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  return made;
}

const said = (n) => n.toLocaleString("zh-CN");

/** Each measure's total of a period, and each part's people, as they stand on the page. */
async function shown(page, period) {
  const totals = {};
  for (const measure of MEASURES) {
    totals[measure] = await page
      .locator(`[data-measure=${measure}] [data-period=${period}] .figure`)
      .textContent();
  }
  const parts = await page
    .locator(".funnel tbody tr")
    .evaluateAll((rows) => rows.map((row) => [row.dataset.key, row.cells[2].firstChild.textContent]));
  return { totals, parts: Object.fromEntries(parts) };
}

test("without a key the figures are those of the public API, and what is small is not said, nor is it 0", async () => {
  const { page, done } = await open(`#range=today&route=${ROUTE}`);
  const truth = await api(`/v1/counts?route=${ROUTE}`);
  assert.equal(truth.exact, false);
  const { totals, parts } = await shown(page, "range");
  assert.equal(totals.people, said(truth.people));
  assert.equal(totals.visits, said(truth.visits));
  assert.equal(totals.check_ins, said(truth.check_ins));
  assert.equal(truth.batches, null);
  assert.equal(totals.batches, "少于10");
  const { rows } = await api(`/v1/counts?route=${ROUTE}&by=waypoint`);
  for (const { waypoint, people } of rows) {
    assert.equal(parts[waypoint], people === null ? "不公开" : said(people), waypoint);
  }
  assert.equal(parts[`${ROUTE}/apricot-platform`], "不公开");
  assert.equal(parts[`${ROUTE}/kong-cemetery`], "0");
  assert.ok(await page.getByText("小于10的不显示").first().isVisible());
  await shot(page, "dashboard-public-desk");
  await page.locator(".stop-map").scrollIntoViewIfNeeded();
  await shot(page, "dashboard-map-desk");
  await done();
});

test("an operator's key gives exact figures and leaves no trace of itself in the page", async () => {
  const { page, done } = await open(`#range=today&route=${ROUTE}`);
  await figures(page, await signIn(page, operator));
  const truth = await api(`/v1/counts?route=${ROUTE}`, operator);
  const { totals, parts } = await shown(page, "range");
  for (const measure of MEASURES) assert.equal(totals[measure], said(truth[measure]), measure);
  for (const [name, people] of Object.entries(CAME)) assert.equal(parts[`${ROUTE}/${name}`], said(people));
  assert.ok(await page.getByText("请勿公开").first().isVisible());
  const traces = await page.evaluate(() =>
    [
      document.documentElement.outerHTML,
      JSON.stringify({ ...localStorage, ...sessionStorage }),
      document.cookie,
      location.href,
      ...[...document.querySelectorAll("input")].map(({ value }) => value),
    ].join(),
  );
  assert.ok(!traces.includes(operator), "the key is nowhere in the page");
  await shot(page, "dashboard-exact-desk");
  await page.reload();
  await figures(page);
  assert.equal(
    (await shown(page, "range")).parts[`${ROUTE}/apricot-platform`],
    "3",
    "the session outlives a reload",
  );
  const made = await page.getAttribute("main", "data-made");
  await page.getByRole("button", { name: "退出" }).click();
  await figures(page, made);
  assert.equal((await shown(page, "range")).parts[`${ROUTE}/apricot-platform`], "不公开");
  await done();
});

test("a key that is not known is refused in words, and the figures stay public", async () => {
  const { page, done } = await open();
  await signIn(page, "not-a-key");
  const alert = page.locator(".account [role=alert]");
  await alert.filter({ hasText: "没有这个密钥" }).waitFor();
  assert.ok(await page.getByText("小于10的不显示").first().isVisible());
  await done(["401"]);
});

test("a key that is withdrawn meanwhile ends the session, and the page goes on in public", async () => {
  const key = await server.run("key", "create", "--role", "operator", "--name", "leaver");
  const { page, done } = await open(`#range=today&route=${ROUTE}`);
  await figures(page, await signIn(page, key));
  await page.getByText("请勿公开").first().waitFor();
  const keys = JSON.parse(await server.run("key", "list", "--json"));
  await server.run("key", "revoke", keys.find(({ name }) => name === "leaver").id);
  await page.getByRole("button", { name: "本周" }).click();
  await page.getByText("小于10的不显示").first().waitFor();
  await page.getByText("登录看精确数字").waitFor();
  await done(["401"]);
});

test("today's figures grow while one looks, and pause while nobody does", async () => {
  const { page, done } = await open(`#range=today`);
  await figures(page, await signIn(page, operator));
  const people = page.locator("[data-measure=people] [data-period=today] .figure");
  const now = Number(await people.textContent());
  await walk(["confucius-temple"]);
  await people.filter({ hasText: new RegExp(`^${now + 1}$`) }).waitFor({ timeout: LIVE_MS });
  assert.match(await page.locator(".live time").textContent(), /^\d\d:\d\d:\d\d$/);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await page.locator(".live[data-how=paused]").waitFor();
  await done();
});

test("each measure has its definition one tap away, in both languages", async () => {
  const { page, done } = await open("", { device: PHONE });
  for (const measure of MEASURES) {
    const definition = page.locator(`[data-measure=${measure}] .definition`);
    assert.equal(await definition.locator("p").isVisible(), false);
    await definition.locator("summary").tap();
    assert.ok(await definition.locator("p").isVisible());
  }
  await page.evaluate(() => scrollTo(0, 0));
  await shot(page, "dashboard-phone");
  await page.getByRole("button", { name: "English" }).tap();
  await page.getByText("Distinct participants.").first().waitFor();
  await done();
});

test("the tables by day and hour and their CSV hold the figures of the API", async () => {
  const { page, done } = await open(`#range=thirty`);
  for (const [by, section] of [
    ["day", "by-day"],
    ["hour", "by-hour"],
  ]) {
    const card = page.locator(`section[aria-labelledby=${section}]`);
    const csv = new URL(await card.locator("a.csv").getAttribute("href"), server.url);
    const { rows } = await api(`/v1/counts${csv.search}`);
    await card.getByText("看表格").click();
    const table = await card
      .locator("tbody tr")
      .evaluateAll((lines) =>
        lines.map((tr) => [tr.dataset.key, ...[...tr.cells].slice(1).map((td) => td.textContent)]),
      );
    const wanted = rows.map((row) => [
      String(row[by]),
      ...MEASURES.map((measure) => (row[measure] === null ? "不公开" : said(row[measure]))),
    ]);
    assert.deepEqual(table, wanted);
    const file = await (await fetch(csv)).text();
    assert.equal(file.trim().split("\n").length, rows.length + 2, "a head, the rows, the totals");
  }
  await done();
});

test("the choice stands in the address, and days in the wrong order are refused in words", async () => {
  const { page, done } = await open();
  const made = await page.getAttribute("main", "data-made");
  await page.getByLabel("路线", { exact: true }).selectOption(ROUTE);
  await figures(page, made);
  await page.getByLabel("从", { exact: true }).fill("2025-03-01");
  await page.getByLabel("到", { exact: true }).fill("2025-04-30");
  await page.waitForURL(/from=2025-03-01&to=2025-04-30&route=confucius-mencius$/);
  await page.getByText("这段日期没有签到").first().waitFor();
  await page.getByLabel("从", { exact: true }).fill("2025-05-01");
  await page.getByText("开始日期在结束日期之后").waitFor();
  assert.match(page.url(), /from=2025-03-01/);
  await done();
});

test("the paper is one A4 page with definitions, range, source and time of making", async () => {
  for (const locale of ["zh-CN", "en"]) {
    const { page, done } = await open(`#range=year&route=${ROUTE}`, { locale });
    const pdf = await page.pdf({ preferCSSPageSize: true, path: undefined });
    assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1);
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 703, height: 1032 });
    assert.equal(await page.locator(".screen").isVisible(), false);
    const sheet = await page.locator(".report").boundingBox();
    const made = await page.locator(".report [data-made]").boundingBox();
    assert.ok(made.y + made.height <= sheet.y + sheet.height, "nothing at the foot is cut");
    const text = await page.locator(".report").textContent();
    assert.match(text, /\/v1\/counts\?from=/);
    assert.match(text, locale === "en" ? /Distinct “group × study route × day”/ : /不同的“团队 × 路线 × 日”/);
    await shot(page, `dashboard-paper-${locale}`);
    await done();
  }
});

test("nothing on the page stands in the way of assistive technology, in both languages and at both sizes", async () => {
  for (const [locale, device, colorScheme] of [
    ["zh-CN", PHONE, "light"],
    ["en", DESK, "dark"],
    ["zh-CN", DESK, "dark"],
    ["en", PHONE, "light"],
  ]) {
    for (const where of ["#range=thirty", `#range=thirty&route=${ROUTE}`]) {
      const { page, done } = await open(where, { locale, device, colorScheme });
      await page.evaluate(() => {
        for (const part of document.querySelectorAll("details")) part.open = true;
      });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
        [],
      );
      await done();
    }
  }
});

test("the same dates of the year before stand beside each total, and 29 February is compared with the 28th", async () => {
  const asked = new Set();
  const stub = async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [from, to] = [query.get("from") ?? "2023-01-01", query.get("to") ?? "2026-01-01"];
    asked.add(`${from}/${to}`);
    const people = from.startsWith("2023") ? 100 : 120;
    const figures = { people, visits: people * 10, batches: null, check_ins: people * 10 };
    await route.fulfill({
      json: { time_zone: "Asia/Shanghai", from, to, exact: false, ...figures, rows: [] },
    });
  };
  const { page, done } = await open("#from=2024-02-29&to=2024-03-01", {
    prepare: (page) => page.route(/\/v1\/counts\?|\/v1\/counts$/, stub),
  });
  assert.ok(asked.has("2024-02-29/2024-03-01") && asked.has("2023-02-28/2023-03-01"));
  const figure = page.locator("[data-measure=people] [data-period=range] dd");
  assert.match(await figure.textContent(), /^120去年同期：100 约\+20%$/);
  await done();
});

test("figures that do not come are said to be missing, and can be asked for again", async () => {
  const { page, done } = await open("#range=today");
  await page.route("**/v1/counts?*", (route) => route.abort());
  await page.getByRole("button", { name: "本周" }).click();
  await page.getByText("没有连上服务器").waitFor();
  await page.unroute("**/v1/counts?*");
  await page.getByRole("button", { name: "再试一次" }).click();
  await page.getByText("没有连上服务器").waitFor({ state: "detached" });
  await done(["ERR_FAILED"]);
});

test("hostile titles are shown as text and break neither the page nor the paper", async () => {
  const titles = [
    "<img src=x onerror=window.broken=1><script>window.broken=1</script>",
    "长".repeat(10_000),
    "x".repeat(10_000),
    "\u202Eمرحبا بكم في الطريق\u202E",
  ];
  const rename = async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const [i, item] of (body.items ?? [body]).entries()) item.title = titles[i % titles.length];
    await route.fulfill({ response, json: body });
  };
  for (const where of ["", `#route=${ROUTE}&range=today`]) {
    const { page, done } = await open(where, {
      device: PHONE,
      prepare: (page) => page.route("**/v1/routes**", rename),
    });
    await page.locator(".funnel").getByText("<img src=x").first().waitFor();
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    await page.locator(".funnel").scrollIntoViewIfNeeded();
    await shot(page, `dashboard-hostile${where ? "-route" : ""}`);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    assert.equal(pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length, 1);
    await done();
  }
});

test("the page works by keyboard alone: a preset, a table and the way back to all", async () => {
  const { page, done } = await open();
  const preset = page.getByRole("button", { name: "本周" });
  const made = await page.getAttribute("main", "data-made");
  await preset.focus();
  await page.keyboard.press("Enter");
  await figures(page, made);
  assert.equal(await preset.getAttribute("aria-pressed"), "true");
  const table = page.locator("section[aria-labelledby=by-hour] .as-table");
  await table.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.ok(await table.locator("table").isVisible());
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "scrolled");
  await done();
});
