// Which route, which days.
import { type Signal, useSignal } from "@preact/signals";
import { lang, say } from "../shared/i18n";
import { isDay, PRESETS, type Preset, rangeText } from "./days";
import { board, choice, names, range } from "./state";

/** An option is never wrapped by the browser, so a long title is cut. */
const OPTION_MAX = 40;

const presetName = (preset: Preset) =>
  ({
    today: say("今天", "Today"),
    week: say("本周", "This week"),
    month: say("本月", "This month"),
    thirty: say("近30天", "30 days"),
    year: say("今年", "This year"),
    all: say("全部", "All"),
  })[preset];

function cut(text: string): string {
  const letters = Array.from(text);
  return letters.length <= OPTION_MAX ? text : `${letters.slice(0, OPTION_MAX).join("")}…`;
}

function RoutePick() {
  const { route } = choice.value;
  const { routes } = names.value;
  return (
    <p class="field">
      <label for="route">{say("路线", "Study route")}</label>
      <select
        id="route"
        value={route ?? ""}
        onChange={({ currentTarget }) => {
          choice.value = { ...choice.value, route: currentTarget.value || null };
        }}
      >
        <option value="">{say("全部路线", "All routes")}</option>
        {routes.map(({ id, title }) => (
          <option key={id} value={id} dir="auto">
            {cut(title)}
          </option>
        ))}
        {route && !routes.some(({ id }) => id === route) && <option value={route}>{route}</option>}
      </select>
    </p>
  );
}

/** The two ends of a range of one's own; they take effect once they are days in order. */
function Ends({ wrong }: { wrong: Signal<string> }) {
  const { from, to } = range.value;
  const set = (end: "from" | "to", day: string) => {
    const next = { from, to, [end]: day };
    if (!isDay(day)) wrong.value = say("请填写完整的日期。", "Give a whole date.");
    else if (next.from > next.to)
      wrong.value = say("开始日期在结束日期之后。", "The first day is after the last.");
    else {
      wrong.value = "";
      choice.value = { ...choice.value, preset: null, own: next };
    }
  };
  const input = (end: "from" | "to", label: string) => (
    <p class="field">
      <label for={end}>{label}</label>
      <input
        id={end}
        type="date"
        value={end === "from" ? from : to}
        aria-invalid={wrong.value !== ""}
        aria-describedby="range-wrong"
        onChange={({ currentTarget }) => set(end, currentTarget.value)}
      />
    </p>
  );
  return (
    <>
      {input("from", say("从", "From"))}
      {input("to", say("到", "To"))}
    </>
  );
}

/** The days that were chosen, and whether their figures are still to come. */
function Chosen() {
  const { from, to } = range.value;
  const of = board.value;
  const coming = of && (of.route !== choice.value.route || of.range.from !== from || of.range.to !== to);
  return (
    <p class="soft" role="status">
      {rangeText(range.value, lang.value)} (Asia/Shanghai)
      {coming && say(" · 正在取数字…", " · fetching figures…")}
    </p>
  );
}

export function Picker() {
  const wrong = useSignal("");
  return (
    <section class="card picker" aria-label={say("选择路线和日期", "Choose route and days")}>
      <div class="row">
        <RoutePick />
        <Ends wrong={wrong} />
      </div>
      <p id="range-wrong" class="bad" role="alert">
        {wrong.value}
      </p>
      <fieldset>
        <legend class="hidden-but-read">{say("常用日期范围", "Common ranges")}</legend>
        {PRESETS.map((preset) => (
          <button
            key={preset}
            type="button"
            class={choice.value.preset === preset ? "primary" : ""}
            aria-pressed={choice.value.preset === preset}
            onClick={() => {
              wrong.value = "";
              choice.value = { ...choice.value, preset };
            }}
          >
            {presetName(preset)}
          </button>
        ))}
      </fieldset>
      <Chosen />
    </section>
  );
}
