// One history of everything that is changed on the page. It keeps whole contents, which share what did not change. Typing in one field
// is one step.
import type { Content } from "./model";

const STEPS_MAX = 200;

export interface History {
  past: readonly Content[];
  future: readonly Content[];
  /** What the last step was about; another change of the same thing joins it. */
  key: string | null;
}

export const EMPTY: History = { past: [], future: [], key: null };

/** Notes what stood before a change. */
export function record(history: History, before: Content, key: string | null): History {
  if (key !== null && key === history.key && history.future.length === 0) return history;
  return { past: [...history.past, before].slice(-STEPS_MAX), future: [], key };
}

/** The next change is a step of its own. */
export function seal(history: History): History {
  return history.key === null ? history : { ...history, key: null };
}

export function stepBack(history: History, now: Content): [History, Content] | null {
  const before = history.past.at(-1);
  if (!before) return null;
  return [{ past: history.past.slice(0, -1), future: [now, ...history.future], key: null }, before];
}

export function stepForward(history: History, now: Content): [History, Content] | null {
  const [after, ...future] = history.future;
  if (!after) return null;
  return [{ past: [...history.past, now], future, key: null }, after];
}
