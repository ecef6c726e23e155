// Tells the service worker what the visitor's page is made of: `first`, without which it does not start, and `more`, which it
// loads when needed. Written into `sw.js`, so that the worker changes whenever one of them does.
import { createHash } from "node:crypto";
import type { Plugin, Rollup } from "vite";

const ALWAYS = ["/", "/manifest.webmanifest", "/icon.svg", "/icon-192.png"];

export function shell(): Plugin {
  return {
    name: "shell",
    enforce: "post",
    apply: "build",
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((part) => part.type === "chunk");
      const page = chunks.find(({ isEntry, name }) => isEntry && name === "visitor");
      const worker = chunks.find(({ fileName }) => fileName === "sw.js");
      if (!page || !worker) return;
      const first = filesOf(page, bundle, false);
      const more = [...filesOf(page, bundle, true)].filter((file) => !first.has(file));
      const html = bundle["index.html"];
      const parts = JSON.stringify([...first, ...more, html?.type === "asset" ? String(html.source) : ""]);
      const list = {
        version: createHash("sha256").update(parts).digest("hex").slice(0, 12),
        first: [...ALWAYS, ...[...first].map((file) => `/${file}`)],
        more: more.map((file) => `/${file}`),
        more_bytes: more.reduce((sum, file) => sum + bytesOf(bundle[file]), 0),
      };
      worker.code = worker.code.replaceAll("__SHELL__", `(${JSON.stringify(list)})`);
    },
  };
}

/** A chunk with everything it imports, also what it imports later. */
function filesOf(
  chunk: Rollup.OutputChunk,
  bundle: Rollup.OutputBundle,
  later: boolean,
  seen = new Set<string>(),
) {
  if (seen.has(chunk.fileName)) return seen;
  seen.add(chunk.fileName);
  for (const style of chunk.viteMetadata?.importedCss ?? []) seen.add(style);
  for (const name of [...chunk.imports, ...(later ? chunk.dynamicImports : [])]) {
    const part = bundle[name];
    if (part?.type === "chunk") filesOf(part, bundle, later, seen);
  }
  return seen;
}

function bytesOf(part: Rollup.OutputBundle[string] | undefined): number {
  if (!part) return 0;
  return part.type === "chunk" ? Buffer.byteLength(part.code) : part.source.length;
}
