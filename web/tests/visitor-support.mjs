// What the visitor's tests share: a phone on the real route, the stops as the server gives them, and what the page keeps.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { PHONE, watched } from "./support.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The stops of a route. */
export async function stopsOf(server, route) {
  const answer = await fetch(`${server.url}/v1/routes/${route}/waypoints?lang=zh-CN&limit=1000`);
  return (await answer.json()).items;
}

/** A phone that stands at a stop, or nowhere; `allowed: false` refuses the position. */
export async function phone(
  browser,
  server,
  { at, accuracy = 8, lang = "zh-CN", allowed = true, ...more } = {},
) {
  const context = await browser.newContext({
    ...PHONE,
    locale: lang === "en" ? "en-GB" : "zh-CN",
    ...(allowed && at ? { permissions: ["geolocation"], geolocation: fix(at, accuracy) } : {}),
    ...more,
  });
  const { page, wrong } = await watched(context, server.url);
  return {
    context,
    page,
    wrong,
    open: (hash = "") => page.goto(`${server.url}/${hash}`),
    stand: (stop, accuracy = 8) => context.setGeolocation(fix(stop, accuracy)),
  };
}

function fix({ position }, accuracy) {
  return { latitude: position.lat, longitude: position.lon, accuracy };
}

/** A place so many metres north of a stop. */
export function north(stop, metres) {
  return { position: { lat: stop.position.lat + metres / 110_950, lon: stop.position.lon } };
}

/** What is on one of the page's shelves. */
export function shelf(page, name) {
  return page.evaluate(async (store) => {
    const db = await new Promise((done, failed) => {
      const open = indexedDB.open("studyroute");
      open.onsuccess = () => done(open.result);
      open.onerror = () => failed(open.error);
    });
    const read = db.transaction(store).objectStore(store).getAll();
    await new Promise((done) => {
      read.onsuccess = done;
    });
    db.close();
    return read.result;
  }, name);
}

/** What the server keeps of the phone's participant. */
export async function keptOf(server, page) {
  const [me] = await shelf(page, "participant");
  const answer = await fetch(`${server.url}/v1/me/check-ins`, {
    headers: { authorization: `Bearer ${me.token}` },
  });
  return (await answer.json()).items;
}

/** What axe finds wrong, one line each. */
export async function violations(page) {
  // By the debugger's door: the page's own policy forbids foreign scripts, and shall.
  await page.evaluate(AXE);
  const found = await page.evaluate(
    (values) => globalThis.axe.run({ runOnly: { type: "tag", values } }),
    RULES,
  );
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
  );
}

/** Until the service worker answers for the page. */
export async function worked(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Until a question that takes its time is answered with yes. */
export async function until(page, question, timeout_ms = 30_000) {
  const end = Date.now() + timeout_ms;
  while (!(await page.evaluate(question))) {
    if (Date.now() > end) throw new Error(`still not: ${question}`);
    await page.waitForTimeout(100);
  }
}

/** What the browser of the test says of itself, not of the page: a software graphics card, a service worker held back. */
const NOISE = /GPU stall|blocked by Playwright/;

/** What went wrong on a page. */
export const faults = (wrong) => wrong.filter((text) => !NOISE.test(text));
