// Compresses every text of `dist/` once, so that the server only picks the coding a browser takes.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const DIST = new URL("../dist", import.meta.url).pathname;
const PACKED = /\.(html|js|css|svg|json|webmanifest|glb)$/;
// What hardly shrinks is sent as it is.
const WORTH = 0.95;

for (const name of readdirSync(DIST, { recursive: true })) {
  const path = join(DIST, name);
  if (!PACKED.test(name) || !statSync(path).isFile()) continue;
  const text = readFileSync(path);
  const brotli = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const gzip = gzipSync(text, { level: 9 });
  if (brotli.length < text.length * WORTH) writeFileSync(`${path}.br`, brotli);
  if (gzip.length < text.length * WORTH) writeFileSync(`${path}.gz`, gzip);
}
