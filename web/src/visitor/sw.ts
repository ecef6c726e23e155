// The service worker: what makes the visitor's page start and a route work without a network. The page itself comes from the
// network first and else from this worker's own shell, which is kept whole or not at all, so that page and parts always fit
// together. Content that was seen or taken along is answered from the phone and fetched anew behind it. Check-ins, a
// participant's own data and positions never pass through here: only what is named below does.

/** Written in by the build: everything the page is made of, and what it loads only when needed. */
declare const __SHELL__: { version: string; first: string[]; more: string[]; more_bytes: number };
const PARTS = __SHELL__;

const worker = self as unknown as ServiceWorkerGlobalScope;
const SHELL = `shell-${PARTS.version}`;
/** Published content, by address with its language. The page writes here too when it takes a route along. */
const CONTENT = "content";
/** Files of exhibits; their address is their hash, so they never change. */
const FILES = "files";
/** Longer than this nobody waits for a page that is on the phone. */
const PATIENCE_MS = 3_000;

worker.addEventListener("install", (event) => {
  event.waitUntil(keepShell());
});

/** All or nothing: the worker is not installed before every part is here. */
async function keepShell() {
  const cache = await caches.open(SHELL);
  // At "/" the page is one of several answers.
  const parts = PARTS.first.map(
    (address) => new Request(address, address === "/" ? { headers: { accept: "text/html" } } : {}),
  );
  await cache.addAll(parts);
}

// No skipWaiting: a page that is open keeps the parts it was built with; the new ones take over when it is closed.
worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOldShells().then(() => worker.clients.claim()));
});

async function dropOldShells() {
  const names = await caches.keys();
  const kept = [SHELL, CONTENT, FILES];
  await Promise.all(names.filter((name) => !kept.includes(name)).map((name) => caches.delete(name)));
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // "no-store" is how the page asks past what is kept.
  if (request.method !== "GET" || url.origin !== worker.location.origin || request.cache === "no-store")
    return;
  if (request.mode === "navigate") {
    if (url.pathname === "/") event.respondWith(page(request));
  } else if (PARTS.first.includes(url.pathname) || PARTS.more.includes(url.pathname)) {
    event.respondWith(kept(SHELL, request));
  } else if (url.pathname.startsWith("/v1/assets/")) {
    event.respondWith(file(request));
  } else if (isContent(url)) {
    event.respondWith(content(event, request));
  }
});

function isContent(url: URL): boolean {
  return /^\/v1\/routes(\/|$)/.test(url.pathname) && url.searchParams.has("lang");
}

async function page(request: Request): Promise<Response> {
  const own = await (await caches.open(SHELL)).match("/", { ignoreVary: true });
  if (!own) return fetch(request);
  const late = new Promise<Response>((done) => setTimeout(done, PATIENCE_MS, own));
  const fresh = fetch(request).then((answer) => (answer.status < 500 ? answer : own));
  return Promise.race([fresh.catch(() => own), late]).then((answer) => answer.clone());
}

/** From the phone, else from the network and then kept. */
async function kept(name: string, request: Request): Promise<Response> {
  const cache = await caches.open(name);
  const known = await cache.match(request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200) await cache.put(request, answer.clone()).catch(storageFull);
  return answer;
}

/** Players ask for parts of a file; a part is cut from the whole that is kept, or asked for as it is. */
async function file(request: Request): Promise<Response> {
  const [, from, to] = request.headers.get("range")?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
  if (from === undefined) return kept(FILES, request);
  const whole = await (await caches.open(FILES)).match(request.url, { ignoreVary: true });
  if (!whole) return fetch(request);
  const blob = await whole.blob();
  const end = Math.min(to ? Number(to) : blob.size - 1, blob.size - 1);
  const headers = new Headers(whole.headers);
  headers.set("content-range", `bytes ${from}-${end}/${blob.size}`);
  headers.set("content-length", String(end - Number(from) + 1));
  return new Response(blob.slice(Number(from), end + 1), { status: 206, headers });
}

/** At once from the phone while it is fetched anew; else from the network. */
async function content(event: FetchEvent, request: Request): Promise<Response> {
  const cache = await caches.open(CONTENT);
  const known = await cache.match(request, { ignoreVary: true });
  if (!known) return kept(CONTENT, request);
  event.waitUntil(renew(cache, request.url, known.headers.get("etag")).catch(() => undefined));
  return known;
}

async function renew(cache: Cache, address: string, etag: string | null) {
  const headers: HeadersInit = etag ? { "if-none-match": etag } : {};
  const answer = await fetch(address, { headers, cache: "no-store" });
  if (answer.status === 200) await cache.put(address, answer).catch(storageFull);
  else if (answer.status === 404) await cache.delete(address);
  else return;
  for (const client of await worker.clients.matchAll()) client.postMessage("content-changed");
}

/** What is not kept is asked for again next time; the page says it where it matters, when a route is taken along. */
function storageFull() {}

// The page asks how big the parts are that load only when needed, and has them kept when a route is taken along.
worker.addEventListener("message", (event) => {
  const [port] = event.ports;
  if (event.data === "size-of-more")
    event.waitUntil(missing().then((left) => port.postMessage(left.length ? PARTS.more_bytes : 0)));
  if (event.data === "keep-more") {
    const all = missing().then(async (left) => (await caches.open(SHELL)).addAll(left));
    event.waitUntil(
      all.then(
        () => port.postMessage("kept"),
        () => port.postMessage("failed"),
      ),
    );
  }
});

async function missing(): Promise<string[]> {
  const cache = await caches.open(SHELL);
  const known = await Promise.all(PARTS.more.map((address) => cache.match(address, { ignoreVary: true })));
  return PARTS.more.filter((_, i) => !known[i]);
}
