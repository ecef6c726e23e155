// Sends a file in parts by the tus protocol, so that a large film goes on where it was when the network breaks off.
import { Refused, type Schemas, Unreached } from "../../shared/api";
import { call, read } from "../call";
import type { Asset } from "../model";

const PART_BYTES = 1 << 20;
const PART_TIMEOUT_MS = 60_000;
const TRIES_MAX = 5;
const PAUSE_MS = 2_000;
const TUS = { "tus-resumable": "1.0.0" };

export async function upload(
  file: File,
  onProgress: (share: number) => void,
): Promise<Schemas["DesignAsset"]> {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name.slice(-80))));
  const headers = { ...TUS, "upload-length": String(file.size), "upload-metadata": `filename ${name}` };
  const begun = await call("/v1/design/uploads", { method: "POST", headers });
  const place = new URL(begun.headers.get("location") ?? "", location.href).pathname;
  let [offset, tries, href]: [number, number, string | null] = [0, 0, null];
  while (href === null) {
    try {
      const answer = await sendPart(place, file, offset);
      href = answer.get("content-location");
      offset = Number(answer.get("upload-offset"));
      tries = 0;
      onProgress(offset / file.size);
    } catch (error) {
      tries += 1;
      if (tries >= TRIES_MAX || !mayGoOn(error)) throw error;
      await new Promise((done) => setTimeout(done, PAUSE_MS * tries));
      const known = await call(place, { method: "HEAD", headers: TUS }).catch(() => null);
      if (known)
        [offset, href] = [Number(known.headers.get("upload-offset")), known.headers.get("content-location")];
    }
  }
  return read(`/v1/design/assets/${href.split("/").pop()}`);
}

async function sendPart(place: string, file: File, offset: number): Promise<Headers> {
  const headers = {
    ...TUS,
    "upload-offset": String(offset),
    "content-type": "application/offset+octet-stream",
  };
  const raw = file.slice(offset, offset + PART_BYTES);
  return (await call(place, { method: "PATCH", raw, headers, timeoutMs: PART_TIMEOUT_MS })).headers;
}

function mayGoOn(error: unknown): boolean {
  return (
    error instanceof Unreached ||
    (error instanceof Refused && [408, 409, 429, 503].includes(error.problem.status))
  );
}

/** What an exhibit says of a file that is kept. */
export function assetOf(kept: Schemas["DesignAsset"], role: string): Asset {
  const { href, media_type, bytes, sha256 } = kept;
  return { role, href, media_type, bytes, sha256 };
}

/** What a file most likely is to its exhibit; a person may say otherwise. */
export function roleFor(kept: Schemas["DesignAsset"], taken: readonly Asset[]): string {
  if (kept.media_type.includes("usdz")) return "ios";
  if (kept.report.kind === "picture" && taken.some((one) => one.role === "full")) return "preview";
  return taken.some((one) => one.role === "full") ? "reduced" : "full";
}
