// What the counts are and how they are said. A figure the server does not say (null) is never shown as 0.
import { get, type Schemas } from "../shared/api";
import { say, type Words, whole } from "../shared/i18n";
import type { Range } from "./days";

export type Counts = Schemas["Counts"];
export type Row = Schemas["WireRow"];
export const MEASURES = ["people", "visits", "batches", "check_ins"] as const;
export type Measure = (typeof MEASURES)[number];
export type Figures = Record<Measure, number | null>;

/** Name, unit and definition of each measure. */
export const WORDS: Record<Measure, { name: Words; means: Words }> = {
  people: {
    name: ["人数", "People"],
    means: [
      "不同的参与者。在所看的整个日期范围内，同一人只算一次，所以不等于每天人数之和。参与者是一个随机编号，没有姓名和电话。",
      "Distinct participants. Over the whole range of days each is counted once, so this is not the sum of the days. A participant is a random number, without name or phone.",
    ],
  },
  visits: {
    name: ["人次", "Visits"],
    means: [
      "不同的“参与者 × 站点 × 日”。同一人同一天在同一站签到几次，都只算一人次。",
      "Distinct “participant × stop × day”. Someone who checks in at one stop several times in a day is one visit.",
    ],
  },
  batches: {
    name: ["批次", "Batches"],
    means: [
      "不同的“团队 × 路线 × 日”。一个班同一天走一条路线是一批；不属于团队的参与者不计入。",
      "Distinct “group × study route × day”. A class on one route on one day is one batch; participants without a group are not in it.",
    ],
  },
  check_ins: {
    name: ["签到", "Check-ins"],
    means: [
      "服务器接受的全部签到，包括同一人同一天在同一站的重复签到。",
      "All check-ins the server accepted, also those of one person at one stop again on the same day.",
    ],
  },
};

export const nameOf = (measure: Measure) => say(...WORDS[measure].name);

/** A part of a table. It may be hidden for the sake of another one, so no more than "not shown" is true of it. */
export function partText(value: number | null | undefined): string {
  return value == null ? say("不公开", "withheld") : whole(value);
}

/** A total. It is hidden for being small; visits also when those who made them are few. */
export function totalText(figures: Figures, measure: Measure): string {
  const value = figures[measure];
  if (value !== null) return whole(value);
  const small = measure === "people" || measure === "batches" || figures.people !== null;
  return small ? say("少于10", "fewer than 10") : say("不公开", "withheld");
}

/** How much more than before, where both may be said and there was something to compare with. */
export function changeText(now: number | null, before: number | null): string | null {
  if (now === null || before === null || before === 0) return null;
  const percent = Math.round(((now - before) / before) * 100);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${Math.abs(percent)}%`;
}

/** One address for the page and for its CSV. */
export function countsPath(range: Range, route: string | null, by?: string, form = ""): string {
  const query = new URLSearchParams({ from: range.from, to: range.to });
  if (route) query.set("route", route);
  if (by) query.set("by", by);
  return `/v1/counts${form}?${query}`;
}

export function counts(
  range: Range,
  route: string | null,
  by: string | undefined,
  signal: AbortSignal,
): Promise<Counts> {
  return get<Counts>(countsPath(range, route, by), { signal });
}
