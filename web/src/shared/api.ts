// The public API, as the OpenAPI document describes it. A refusal becomes a `Refused` with its problem; no answer at all becomes
// `Unreached`, so that a page can tell "no network" from "no".
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Paths = paths;

/** RFC 9457, with the stable `code`. */
export interface Problem {
  status: number;
  code: string;
  title: string;
  detail?: string;
  pointer?: string;
  [more: string]: unknown;
}

export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterS: number | null,
  ) {
    super(problem.detail ?? problem.title);
  }
}

export class Unreached extends Error {}

export interface Ask {
  method?: string;
  body?: unknown;
  /** Sent as it is, such as a file. */
  raw?: BodyInit;
  headers?: Record<string, string>;
  token?: string | null;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface Answer<T> {
  value: T;
  status: number;
  headers: Headers;
}

const TIMEOUT_MS = 15_000;

/** Asks, and gives the answer with its head. */
export async function ask<T>(path: string, how: Ask = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: "application/json", ...how.headers };
  if (how.token) headers.authorization = `Bearer ${how.token}`;
  if (how.body !== undefined) headers["content-type"] ??= "application/json";
  const late = AbortSignal.timeout(how.timeoutMs ?? TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method: how.method ?? (how.body === undefined && how.raw === undefined ? "GET" : "POST"),
      headers,
      body: how.raw ?? (how.body === undefined ? undefined : JSON.stringify(how.body)),
      // Older phones cannot wait for two signals; whoever gives one does without the other.
      signal: how.signal ? (AbortSignal.any?.([late, how.signal]) ?? how.signal) : late,
      credentials: "same-origin",
    });
  } catch (error) {
    throw new Unreached(String(error));
  }
  const type = response.headers.get("content-type") ?? "";
  const value = type.includes("json") ? await response.json().catch(() => null) : await response.text();
  if (!response.ok) throw new Refused(problemOf(response, value), retryAfter(response));
  return { value: value as T, status: response.status, headers: response.headers };
}

/** Asks, and gives what was answered. */
export async function get<T>(path: string, how: Ask = {}): Promise<T> {
  return (await ask<T>(path, how)).value;
}

function problemOf(response: Response, value: unknown): Problem {
  if (value && typeof value === "object" && "code" in value) return value as Problem;
  return { status: response.status, code: "unknown", title: response.statusText || String(response.status) };
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}
