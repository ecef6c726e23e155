// Who is signed in on these pages. The key itself goes to the server once and is never kept here: the server answers with a cookie that no
// script can read. All that is remembered is that there may be a session, so that a page nobody signed in on asks nothing.
import { signal } from "@preact/signals";
import { ask, get, Refused } from "./api";

export interface Session {
  name: string;
  role: "designer" | "operator" | "admin";
  routes: string[] | null;
}

const PATH = "/v1/session";
const REMEMBERED = "studyroute.session";

/** What every request but GET must carry when the cookie speaks for it: no form of another site can send it. */
export const PAGE_HEADERS: Record<string, string> = { "x-studyroute-page": "1" };

/** Null while nobody is signed in, as far as is known. */
export const session = signal<Session | null>(null);

function remember(there: boolean) {
  try {
    if (there) window.localStorage.setItem(REMEMBERED, "1");
    else window.localStorage.removeItem(REMEMBERED);
  } catch {
    // Storage is full or forbidden: the session then ends with the page.
  }
}

function remembered(): boolean {
  try {
    return window.localStorage.getItem(REMEMBERED) !== null;
  } catch {
    return false;
  }
}

function forget() {
  remember(false);
  session.value = null;
}

/** Asks who is signed in, if somebody may be. Without network, what was known stays. */
export async function refresh(): Promise<void> {
  if (!remembered()) return;
  try {
    session.value = await get<Session>(PATH);
  } catch (error) {
    if (error instanceof Refused && [401, 404].includes(error.problem.status)) forget();
  }
}

/** Gives the key for a session; a key that is not known is `Refused`. */
export async function signIn(key: string): Promise<void> {
  await ask(PATH, { method: "POST", body: { key }, headers: PAGE_HEADERS });
  remember(true);
  session.value = await get<Session>(PATH);
}

/** Ends the session here and there. One that has ended already is as good. */
export async function signOut(): Promise<void> {
  try {
    await ask(PATH, { method: "DELETE", headers: PAGE_HEADERS });
  } catch (error) {
    if (!(error instanceof Refused) || ![401, 404].includes(error.problem.status)) throw error;
  }
  forget();
}
