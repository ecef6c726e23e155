// The state of the page: which route is open, its content with one history, what is selected, and whether the server has it all. Every
// change is shown at once and saved by itself; a refusal because somebody else was faster opens the conflict and saves nothing more
// until a person has chosen.
import { computed, signal } from "@preact/signals";
import { Refused, type Schemas, Unreached } from "../shared/api";
import { call, ROUTES, readDraft, routePath } from "./call";
import { EMPTY, type History, record, seal, stepBack, stepForward } from "./history";
import { type Content, contentOf, find, removeWaypoint, type Status, same } from "./model";
import { nextStep } from "./saver";
import { mistake } from "./words/mistakes";

export type Saving = "saved" | "waiting" | "unreached" | "busy" | "refused";
export type Panel = "import" | "lint" | "rehearsal" | "publish" | "history";
export interface Conflict {
  base: Content;
  mine: Content;
  theirs: Content;
  status: Status;
  changes: { at: string; who: string; action: string; subject: string }[];
}

export const routes = signal<Schemas["DesignRoute"][] | null>(null);
export const route = signal<string | null>(null);
export const content = signal<Content | null>(null);
export const status = signal<Status | null>(null);
export const selected = signal<string | null>(null);
export const panel = signal<Panel | null>(null);
/** The part of the form that is open, and the field in it that asks for attention. */
export const formPart = signal<string>("texts");
export const wanted = signal<string | null>(null);
export const saving = signal<Saving>("saved");
export const trouble = signal<string | null>(null);
export const conflict = signal<Conflict | null>(null);
/** Read out by screen readers. */
export const announced = signal("");
const history = signal<History>(EMPTY);

export const canUndo = computed(() => history.value.past.length > 0);
export const canRedo = computed(() => history.value.future.length > 0);
export const chosen = computed(() => find(content.value, selected.value));
export const frozen = computed(() => Boolean(status.value?.schedule && !status.value.schedule.failure));

const SAVE_AFTER_MS = 500;
const RETRY_AFTER_MS = 4_000;
/** Answers that a repeat may turn: too slow, too many, too much to do. */
const BUSY = [408, 429, 503];
let saved: Content | null = null;
let etag = "";
let timer = 0;
let running: Promise<void> | null = null;

export async function loadRoutes(): Promise<void> {
  routes.value = (await call<Schemas["DesignRouteList"]>(`${ROUTES}?limit=1000`)).value.items;
}

export async function open(name: string): Promise<void> {
  const value = await readDraft(name);
  route.value = name;
  selected.value = null;
  trouble.value = null;
  adopt(contentOf(value), value as Status);
}

export function close() {
  route.value = null;
  content.value = null;
  panel.value = null;
  selected.value = null;
}

/** Reads the draft again, after an import or a publication changed it. What the history can take back of that is said by the caller. */
export async function reload(isStep = false): Promise<void> {
  if (!route.value) return;
  const [before, steps] = [content.value, history.value];
  const value = await readDraft(route.value);
  adopt(contentOf(value), value as Status);
  if (isStep && before) history.value = record(seal(steps), before, null);
  if (!chosen.value) selected.value = null;
}

function adopt(now: Content, its: Status) {
  saved = now;
  etag = its.etag;
  content.value = now;
  status.value = its;
  history.value = EMPTY;
  saving.value = "saved";
}

/** The one way to change the content. Changes with the same key in a row are one step of the history. */
export function edit(change: (now: Content) => Content, key: string | null = null) {
  const now = content.value;
  if (!now || frozen.value) return;
  const next = change(now);
  if (same(next, now)) return;
  history.value = record(history.value, now, key);
  show(next);
}

export function endStep() {
  history.value = seal(history.value);
}

export function undo() {
  travel(stepBack);
}

export function redo() {
  travel(stepForward);
}

function travel(step: typeof stepBack) {
  const moved = content.value && !frozen.value && step(history.value, content.value);
  if (!moved) return;
  history.value = moved[0];
  show(moved[1]);
  if (!chosen.value) selected.value = null;
}

export function remove(id: string) {
  edit((now) => removeWaypoint(now, id));
  if (selected.value === id) selected.value = null;
}

function show(next: Content) {
  content.value = next;
  saving.value = "waiting";
  trouble.value = null;
  clearTimeout(timer);
  timer = window.setTimeout(save, SAVE_AFTER_MS);
}

/** Saves what is shown; comes back when nothing is left to save, or nothing can be. */
export async function save(): Promise<boolean> {
  clearTimeout(timer);
  running ??= saveAll().finally(() => {
    running = null;
  });
  await running;
  return saving.value === "saved";
}

async function saveAll() {
  while (saved && content.value && !conflict.value) {
    const step = nextStep(saved, content.value);
    if (!step) {
      saving.value = "saved";
      return;
    }
    const headers: Record<string, string> = { "if-match": etag };
    if (step.contentType) headers["content-type"] = step.contentType;
    const path = routePath(route.value as string, `/draft${step.path}`);
    try {
      const answer = await call(path, { method: step.method, body: step.body, headers });
      etag = answer.headers.get("etag") ?? etag;
      saved = step.after;
      if (status.value) status.value = { ...status.value, etag, draft: status.value.draft ?? ({} as never) };
    } catch (error) {
      return refuse(error);
    }
  }
}

async function refuse(error: unknown) {
  if (error instanceof Refused && error.problem.status === 412) return openConflict(error);
  const isBusy = error instanceof Refused && BUSY.includes(error.problem.status);
  if (error instanceof Unreached || isBusy) {
    saving.value = isBusy ? "busy" : "unreached";
    const waitMs = isBusy && error.retryAfterS ? error.retryAfterS * 1_000 : RETRY_AFTER_MS;
    timer = window.setTimeout(save, waitMs);
    return;
  }
  saving.value = "refused";
  trouble.value = mistake(error);
}

async function openConflict(error: Refused) {
  try {
    const value = await readDraft(route.value as string);
    const changes = (error.problem.changes ?? []) as Conflict["changes"];
    const [base, mine] = [saved as Content, content.value as Content];
    conflict.value = { base, mine, theirs: contentOf(value), status: value as Status, changes };
  } catch (again) {
    await refuse(again);
  }
}

/** Goes on from their state with what was chosen; what is mine of it is saved as a change of its own. */
export function settle(chosenContent: Content) {
  const meeting = conflict.value;
  if (!meeting) return;
  conflict.value = null;
  adopt(meeting.theirs, meeting.status);
  edit(() => chosenContent);
  if (!chosen.value) selected.value = null;
}

export function currentEtag(): string {
  return etag;
}
