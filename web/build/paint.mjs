// How soon a phone shows something: the visitor's first page over a slow mobile network (150 ms there and back, 1.6 Mbit/s) on a
// processor four times slower than this one, from a server that has the pages embedded. Prints medians of several visits, each
// with an empty cache. What is timed is what a person sees: the first thing painted, and both routes standing there.
import { browser, PHONE, serve } from "../tests/support.mjs";

const VISITS = 7;
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 204_800, uploadThroughput: 96_000 };
const CPU_SLOWER = 4;

const median = (of) => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)];

async function visit(chromium, url) {
  const context = await chromium.newContext({ ...PHONE, serviceWorkers: "block" });
  const page = await context.newPage();
  const tools = await context.newCDPSession(page);
  await tools.send("Network.enable");
  await tools.send("Network.emulateNetworkConditions", SLOW_4G);
  await tools.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWER });
  let bytes = 0;
  tools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForFunction(
    () => document.querySelectorAll('a[href*="confucius-mencius"], a[href*="peoples-canal"]').length >= 2,
  );
  const [routes, paint] = await page.evaluate(() => [
    performance.now(),
    performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
  ]);
  await context.close();
  return { paint, routes, bytes };
}

const server = await serve();
const chromium = await browser();
try {
  const visits = [];
  for (let i = 0; i < VISITS; i++) visits.push(await visit(chromium, server.url));
  const of = (name) => visits.map((one) => one[name]);
  const said = (name) =>
    `${Math.round(median(of(name)))} (${Math.round(Math.min(...of(name)))}–${Math.round(Math.max(...of(name)))})`;
  console.log(
    `first paint ${said("paint")} ms; both routes ${said("routes")} ms; ${said("bytes")} bytes; ${VISITS} visits`,
  );
} finally {
  await chromium.close();
  await server.end();
}
