// Trusted Types, where the browser has them: no text becomes markup or code on these pages, and nothing but this origin's own
// scripts becomes a worker. Imported before anything that starts one.
interface Policies {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): void;
}

function ownScript(address: string): string {
  const { origin, pathname } = new URL(address, location.href);
  if (origin === location.origin && (pathname === "/sw.js" || pathname.startsWith("/assets/")))
    return address;
  throw new TypeError(`${address} is no script of these pages`);
}

(globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy("default", {
  createScriptURL: ownScript,
});
