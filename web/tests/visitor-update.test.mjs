// A new version of the pages while phones are on their way: before the same server stands a door that can show a second version
// and can break off in the middle.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { browser, serve } from "./support.mjs";
import { phone, until, worked } from "./visitor-support.mjs";

let server;
let chrome;
let door;

before(async () => {
  server = await serve();
  chrome = await browser();
  door = await openDoor(server.url);
});

after(async () => {
  await chrome?.close();
  door?.close();
  await server?.end();
});

/** `version` 2 has other names for its parts; `broken` gives pages but none of the new parts. */
async function openDoor(to) {
  const state = { version: 1, broken: false, url: "", close: () => undefined };
  const http = createServer(async (request, response) => {
    const asked = request.url.replace(/-second\.(js|css)/, ".$1");
    if (state.broken && asked !== request.url) return request.destroy();
    const headers = Object.fromEntries(
      ["accept", "authorization", "content-type"].flatMap((name) =>
        request.headers[name] ? [[name, request.headers[name]]] : [],
      ),
    );
    const body = request.method === "GET" ? undefined : Buffer.concat(await request.toArray());
    const answer = await fetch(to + asked, { method: request.method, headers, body });
    for (const name of ["content-type", "etag", "content-security-policy", "cache-control"]) {
      const value = answer.headers.get(name);
      if (value && !(name === "etag" && state.version === 2)) response.setHeader(name, value);
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isPage = asked === "/" || asked === "/sw.js";
    response.statusCode = answer.status;
    response.end(isPage && state.version === 2 ? second(bytes.toString()) : bytes);
  });
  await new Promise((done) => http.listen(0, "127.0.0.1", done));
  state.url = `http://127.0.0.1:${http.address().port}`;
  state.close = () => {
    http.close();
    http.closeAllConnections();
  };
  return state;
}

/** The same page under other names, marked, and another worker. */
function second(text) {
  return text
    .replace(/(\/assets\/visitor-[\w-]+)\.(js|css)/g, "$1-second.$2")
    .replace(/("?version"?:["'`])\w+/, "$1second")
    .replace("<title>", "<title>2 ");
}

/** The name under which the page's script was loaded. */
const script = (page) => page.locator("script[src*=visitor]").getAttribute("src");

test("an update that breaks off leaves the old version whole; when it has come, the new one works offline", async () => {
  const { page, context } = await phone(chrome, { url: door.url });
  await page.goto(door.url);
  await worked(page);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();

  door.version = 2;
  door.broken = true;
  await page.goto(`${door.url}/#/me`);
  await page.reload();
  await context.setOffline(true);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.doesNotMatch(await script(page), /second/);

  door.broken = false;
  await context.setOffline(false);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.match(await script(page), /second/);
  // The new worker takes over when no page of the old version is open.
  await until(page, async () => (await navigator.serviceWorker.getRegistration())?.waiting != null);
  await page.goto("about:blank");
  await page.waitForTimeout(500);
  await page.goto(door.url);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await until(
    page,
    async () => (await caches.keys()).filter((name) => name.startsWith("shell-")).join() === "shell-second",
  );
  await context.setOffline(true);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.match(await script(page), /second/);
  await context.close();
});
