// Calendar days in Asia/Shanghai, as `YYYY-MM-DD`, and the ranges that can be picked. Pure: what time it is comes from outside.
export const ZONE = "Asia/Shanghai";
/** The zone has no summer time. */
const OFFSET = "+08:00";
const DAY_MS = 86_400_000;

export type Day = string;
export interface Range {
  from: Day;
  to: Day;
}
export const PRESETS = ["today", "week", "month", "thirty", "year", "all"] as const;
export type Preset = (typeof PRESETS)[number];

const dayInZone = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

export function dayAt(ms: number): Day {
  return dayInZone.format(ms);
}

export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text)
  );
}

/** Seconds of the Unix clock when the day begins in its zone. */
export function startOf(day: Day): number {
  return Date.parse(`${day}T00:00:00${OFFSET}`) / 1_000;
}

export function plus(day: Day, days: number): Day {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

export function daysIn({ from, to }: Range): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
}

/** Weeks begin on Monday. */
function monday(day: Day): Day {
  return plus(day, -((new Date(day).getUTCDay() + 6) % 7));
}

/** The same dates a year earlier; 29 February becomes the 28th. */
export function yearBefore({ from, to }: Range): Range {
  const earlier = (day: Day) => {
    const moved = `${String(Number(day.slice(0, 4)) - 1).padStart(4, "0")}${day.slice(4)}`;
    return isDay(moved) ? moved : `${moved.slice(0, 8)}28`;
  };
  return { from: earlier(from), to: earlier(to) };
}

/** From the beginning of the period to today; `all` begins with the first day that was counted. */
export function rangeOf(preset: Preset, today: Day, first: Day): Range {
  const from = {
    today,
    week: monday(today),
    month: `${today.slice(0, 8)}01`,
    thirty: plus(today, -29),
    year: `${today.slice(0, 5)}01-01`,
    all: first < today ? first : today,
  }[preset];
  return { from, to: today };
}

/** A day in words, such as 2026年11月28日 or 28 November 2026. */
export function dayText(day: Day, lang: string, style: "full" | "short" = "full"): string {
  const tag = lang === "en" ? "en-GB" : "zh-CN";
  const how: Intl.DateTimeFormatOptions =
    style === "full"
      ? { year: "numeric", month: "long", day: "numeric" }
      : { year: "numeric", month: "2-digit", day: "2-digit" };
  return new Intl.DateTimeFormat(tag, { ...how, timeZone: "UTC" }).format(Date.parse(day));
}

export function rangeText({ from, to }: Range, lang: string): string {
  if (from === to) return dayText(from, lang);
  return `${dayText(from, lang)} – ${dayText(to, lang)}`;
}

/** A moment as the clock on the wall says it in the zone. */
export function momentText(ms: number, lang: string, date: boolean): string {
  const tag = lang === "en" ? "en-GB" : "zh-CN";
  return new Intl.DateTimeFormat(tag, {
    timeZone: ZONE,
    ...(date ? { dateStyle: "long" } : {}),
    timeStyle: "medium",
    hourCycle: "h23",
  }).format(ms);
}
