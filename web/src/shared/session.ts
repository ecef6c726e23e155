// Who is signed in on these pages. The key itself goes to the server once and is never kept here: the server answers with a cookie that no
// script can read, and only the server is asked whether there is a session.
import { signal } from "@preact/signals";
import { ask, get, Refused } from "./api";

export interface Session {
  name: string;
  role: "designer" | "operator" | "admin";
  /** The study routes the key is for; none means all. */
  routes: string[];
}

const PATH = "/v1/session";

/** What every request but GET must carry when the cookie speaks for it: no form of another site can send it. */
export const PAGE_HEADERS: Record<string, string> = { "x-studyroute-page": "1" };

/** Null while nobody is signed in, as far as is known. */
export const session = signal<Session | null>(null);

/** Asks who is signed in; nobody is an empty answer. Without network, what was known stays. */
export async function refresh(): Promise<void> {
  try {
    session.value = (await get<Session | "">(PATH)) || null;
  } catch (error) {
    if (error instanceof Refused && [401, 404].includes(error.problem.status)) session.value = null;
  }
}

/** Gives the key for a session; a key that is not known is `Refused`. */
export async function signIn(key: string): Promise<void> {
  await ask(PATH, { method: "POST", body: { key }, headers: PAGE_HEADERS });
  await refresh();
}

/** Ends the session here and there; the key stays valid. */
export async function signOut(): Promise<void> {
  await ask(PATH, { method: "DELETE", headers: PAGE_HEADERS });
  session.value = null;
}
