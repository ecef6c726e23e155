// Today's totals as they grow: pushed by the server, or asked for where it does not push. Nothing is asked while nobody can see the page.
import { effect, signal } from "@preact/signals";
import { Refused } from "../shared/api";
import { session } from "../shared/session";
import { dayAt } from "./days";
import { type Counts, counts, type Figures } from "./figures";
import { board, choice, load, nowMs, today } from "./state";

const ASK_EVERY_MS = 15_000;
/** The rest of the board follows a change no oftener than this. */
const BOARD_EVERY_MS = 30_000;
const PATH = "/v1/counts/live";

export type How = "waiting" | "pushed" | "asked" | "lost" | "paused";
export interface Live {
  how: How;
  /** Null until a figure came. */
  atMs: number | null;
  figures: Figures | null;
}

export const live = signal<Live>({ how: "waiting", atMs: null, figures: null });

/** Ends whatever now brings figures. */
let end: () => void = () => {};

function take(figures: Counts, how: How) {
  const before = live.value.figures;
  live.value = { how, atMs: nowMs(), figures };
  const changed = before && (before.check_ins !== figures.check_ins || before.people !== figures.people);
  const dayIsOver = figures.from > today.value;
  const old = nowMs() - (board.value?.madeMs ?? 0) > BOARD_EVERY_MS;
  if (dayIsOver || (changed && old)) void load();
}

const lost = () => {
  live.value = { ...live.value, how: "lost" };
};

/** A proxy between may let nothing be pushed. */
function poll() {
  const stop = new AbortController();
  const once = async () => {
    const day = dayAt(nowMs());
    try {
      const figures = await counts({ from: day, to: day }, choice.value.route, undefined, stop.signal);
      if (!stop.signal.aborted) take(figures, "asked");
    } catch (error) {
      if (stop.signal.aborted) return;
      lost();
      // The key was withdrawn: the board ends the session, and all begins again in public.
      if (error instanceof Refused && error.problem.status === 401) void load();
    }
  };
  void once();
  const timer = setInterval(once, ASK_EVERY_MS);
  end = () => {
    clearInterval(timer);
    stop.abort();
  };
}

function listen() {
  const day = dayAt(nowMs());
  const { route } = choice.peek();
  const asked = new URLSearchParams({ from: day, to: day, ...(route ? { route } : {}) });
  const source = new EventSource(`${PATH}?${asked}`);
  end = () => source.close();
  source.onmessage = ({ data }) => {
    try {
      take(JSON.parse(data) as Counts, "pushed");
    } catch {
      lost();
    }
  };
  source.onerror = () => {
    // A stream ends now and then, and the browser goes on by itself, but with the day that it was begun on.
    const wasRefused = source.readyState === EventSource.CLOSED;
    if (!wasRefused && dayAt(nowMs()) === day) return lost();
    end();
    if (wasRefused) poll();
    else listen();
  };
}

/** Begins again whenever somebody looks, signs in or out, or picks another route. */
export function follow() {
  const visible = signal(!document.hidden);
  document.addEventListener("visibilitychange", () => {
    visible.value = !document.hidden;
  });
  effect(() => {
    void choice.value;
    void session.value;
    end();
    if (!visible.value) {
      live.value = { ...live.peek(), how: "paused" };
      return;
    }
    live.value = { how: "waiting", atMs: null, figures: null };
    listen();
  });
}
