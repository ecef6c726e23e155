// Name, summary, and what else is told about a stop as a whole.
import { say } from "../../shared/i18n";
import { frozen } from "../store";
import { THEMES, themeName } from "../words/fields";
import { Line, Pair } from "./fields";
import type { PartProps } from "./StopForm";

export function TextsPart({ stop, put }: PartProps) {
  return (
    <>
      <Pair
        label={say("名称", "Name")}
        path="title"
        value={stop.title}
        onChange={(title) => put({ title }, "title")}
      />
      <Pair
        label={say("简介：这里有什么科学", "Summary: the science of the place")}
        path="summary"
        long
        value={stop.summary}
        onChange={(summary) => put({ summary }, "summary")}
      />
      <Themes stop={stop} put={put} />
      <Pair
        label={say("所在县区", "County")}
        path="county"
        value={stop.county}
        onChange={(county) => put({ county }, "county")}
      />
      <Pair
        label={say("年代", "Period")}
        path="period"
        value={stop.period}
        onChange={(period) => put({ period }, "period")}
      />
      <Pair
        label={say("文物保护级别", "Protection")}
        path="heritage.status"
        value={stop.heritage?.status}
        onChange={(status) => put({ heritage: { ...stop.heritage, status } }, "heritage")}
      />
      <Pair
        label={say("开放时间", "Opening hours")}
        path="opening_hours.text"
        value={stop.opening_hours?.text}
        onChange={(text) => put({ opening_hours: { ...stop.opening_hours, text } }, "hours")}
      />
      <Line
        label={say("开放时间的出处", "Source of the opening hours")}
        path="opening_hours.source"
        value={stop.opening_hours?.source ?? ""}
        onChange={(source) => put({ opening_hours: { ...stop.opening_hours, source } }, "hours-source")}
      />
    </>
  );
}

function Themes({ stop, put }: PartProps) {
  const has = stop.themes ?? [];
  const all = [...new Set([...Object.keys(THEMES), ...has])];
  const turn = (theme: string) =>
    put({ themes: has.includes(theme) ? has.filter((one) => one !== theme) : [...has, theme] }, null);
  return (
    <fieldset>
      <legend>{say("主题", "Themes")}</legend>
      <div class="row">
        {all.map((theme, i) => (
          <label key={theme} class="tick">
            <input
              type="checkbox"
              data-path={i === 0 ? "themes" : undefined}
              disabled={frozen.value}
              checked={has.includes(theme)}
              onChange={() => turn(theme)}
            />
            {themeName(theme)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
