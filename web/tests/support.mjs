// A server of its own with the pages built into dist/, and a browser; both end with the test.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const ROOT = new URL("../..", import.meta.url).pathname;
export const BINARY = process.env.PAGES_BINARY ?? join(ROOT, "target/debug/studyroute");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SHOTS = join(ROOT, "web/shots");
const READY_MS = 60_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Both routes in a fresh database, or in the folder given; `stop` and `start` again keep port and data. */
export async function serve(more = []) {
  const folder = mkdtempSync(join(tmpdir(), "studyroute-pages-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const database = `sqlite:${join(folder, "pages.db")}`;
  let child = null;
  const server = {
    url,
    database,
    async start() {
      const args = ["serve", "--listen", `127.0.0.1:${port}`, "--database", database, ...more];
      child = spawn(BINARY, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (bytes) => {
        said = (said + bytes).slice(-4_000);
      });
      const until = Date.now() + READY_MS;
      while (Date.now() < until) {
        const ready = await fetch(`${url}/readyz`).catch(() => null);
        if (ready?.ok) return;
        if (child.exitCode !== null) break;
        await new Promise((done) => setTimeout(done, 100));
      }
      throw new Error(`the server is not ready: ${said}`);
    },
    async stop() {
      if (!child || child.exitCode !== null) return;
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      await ended;
    },
    async end() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    /** What the program prints when it is called with these words. */
    async run(...words) {
      const run = spawn(BINARY, [...words, "--database", database], { cwd: ROOT });
      let out = "";
      run.stdout.on("data", (bytes) => {
        out += bytes;
      });
      const code = await new Promise((done) => run.once("exit", done));
      if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}`);
      return out.trim();
    },
  };
  await server.start();
  return server;
}

export const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
};
export const DESK = { viewport: { width: 1440, height: 900 } };

export async function browser() {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing; scripts/test-setup installs it`);
  const args = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [...args, "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader"],
  });
}

/** A page that notes every error of its console and every request that leaves its origin. */
export async function watched(context, origin) {
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:"].includes(url.protocol) && url.origin !== origin) wrong.push(`left for ${url}`);
  });
  return { page, wrong };
}

/** A picture for people to look at. */
export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
