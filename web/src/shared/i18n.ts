// Two languages. Each page hands in its own words; the choice is shared by all pages and remembered.
import { signal } from "@preact/signals";

export type Lang = "zh-CN" | "en";
/** A word in both languages. Numbers and names go in by function. */
export type Words = readonly [zhCn: string, en: string];

const KEY = "studyroute.lang";

function first(): Lang {
  const kept = storage()?.getItem(KEY);
  if (kept === "zh-CN" || kept === "en") return kept;
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith("zh")) ||
    !navigator.language.startsWith("en")
    ? "zh-CN"
    : "en";
}

/** Storage may be forbidden; then the choice lasts as long as the page. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export const lang = signal<Lang>(first());

export function setLang(next: Lang) {
  lang.value = next;
  document.documentElement.lang = next;
  try {
    storage()?.setItem(KEY, next);
  } catch {
    // Full or forbidden: see above.
  }
}

/** The word in the chosen language; reading it makes a component follow the choice. */
export function say(zhCn: string, en: string): string {
  return lang.value === "zh-CN" ? zhCn : en;
}

/** A text of the content in the chosen language, else in whichever there is. */
export function shown(text: { "zh-CN"?: string; en?: string } | string | undefined): string {
  if (text === undefined) return "";
  if (typeof text === "string") return text;
  return (lang.value === "en" ? text.en || text["zh-CN"] : text["zh-CN"] || text.en) ?? "";
}

/** Metres as a person says them. */
export function metres(m: number): string {
  if (m < 1_000) return `${Math.round(m)} ${say("米", "m")}`;
  const km = m < 100_000 ? (m / 1_000).toFixed(1) : Math.round(m / 1_000).toString();
  return `${km} ${say("公里", "km")}`;
}

export function whole(n: number): string {
  return n.toLocaleString(lang.value);
}

document.documentElement.lang = lang.value;
