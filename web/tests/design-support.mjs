// A designer at the page: signed in by the form like a person, with the API beside it to see what the server has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { browser, DESK, serve, watched } from "./support.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
/** What headless Chromium says of drawing by software is no fault of the page. */
const NOISE = ["GL Driver Message"];
const SAVED_MS = 15_000;

/** A server, a browser, and a key; `end` ends them. */
export async function studio() {
  const server = await serve();
  const chromium = await browser();
  const key = await server.run("key", "create", "--role", "designer", "--name", "designer");
  const api = async (method, path, body, headers = {}) => {
    const type =
      path.includes("/waypoints/") && method === "PATCH"
        ? "application/merge-patch+json"
        : "application/json";
    const response = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": type }), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path} answers ${response.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const draft = (route) => api("GET", `/v1/design/routes/${route}/draft`);
  const end = async () => {
    await chromium.close();
    await server.end();
  };
  return { server, chromium, key, api, draft, end };
}

/** A route of its own for a test, with stops some 300 m apart near Qufu. */
export async function makeRoute({ api }, slug, titles) {
  const waypoints = titles.map((title, at) => ({
    id: `stop-${at + 1}`,
    position: { lat: 35.59 + at * 0.003, lon: 116.98 },
    title,
    zone: { kind: "circle", radius_m: 60 },
    coordinate: { confidence: "surveyed", source: "a test", precision_m: 5 },
  }));
  const title = { "zh-CN": `路线 ${slug}`, en: `Route ${slug}` };
  await api("PUT", `/v1/design/routes/${slug}/draft`, { title, waypoints }, { "if-none-match": "*" });
}

/** The page of a designer who has signed in; `done` closes it and says whether anything went wrong on it. */
export async function signedIn({ server, chromium, key }, { device = DESK, locale = "zh-CN" } = {}) {
  const context = await chromium.newContext({ ...device, locale });
  const { page, wrong } = await watched(context, server.url);
  const refused = [];
  page.on(
    "response",
    (one) => one.ok() || refused.push(`${one.status()} ${one.request().method()} ${one.url()}`),
  );
  const answer = await page.goto(`${server.url}/design`);
  assert.equal(answer.status(), 200, "the binary serves the built page for designers");
  await page.locator('input[type="password"]').fill(key);
  await page.locator('form button[type="submit"]').click();
  await page.getByRole("heading", { name: locale === "en-US" ? "My routes" : "我的路线" }).waitFor();
  const done = async (expected = []) => {
    await context.close();
    const unexpected = wrong.filter((line) => ![...NOISE, ...expected].some((part) => line.includes(part)));
    assert.deepEqual(
      unexpected,
      [],
      `nothing goes wrong on the page; refused were ${refused.join(", ") || "none"}`,
    );
  };
  return { page, done };
}

/** Opens a route and waits for its map. */
export async function openRoute(page, title) {
  await page.getByRole("button", { name: title }).first().click();
  await page.locator(".map canvas.maplibregl-canvas").waitFor({ state: "attached" });
  await page.locator(".pin").first().waitFor({ state: "attached" });
}

/** Waits until the page says that the server has it all. */
export async function saved(page) {
  const words = page.locator(".saving").getByText(/^(已保存|Saved)$/);
  // An edit is saved half a second later; the word must still stand then.
  await page.waitForTimeout(700);
  await words.waitFor({ timeout: SAVED_MS });
}

export const panelOf = (page, name) => page.locator(".bar .tools").getByRole("button", { name, exact: true });

/** No rule of WCAG 2.2 AA is broken on the page as it is now. */
export async function accessible(page, where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await window.axe.run(document, { runOnly: tags });
    return violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`,
    );
  });
  assert.deepEqual(found, [], where);
}
