// The hours of the day over the whole range.
import { say } from "../shared/i18n";
import { type Bar, Bars } from "./Bars";
import { rangeText } from "./days";
import { CsvLink, FigureTable } from "./FigureTable";
import { type Measure, nameOf, type Row } from "./figures";
import { type Board, measure } from "./state";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** A label under every third bar fits a phone. */
const LABEL_EVERY = 3;

const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00–${String(hour).padStart(2, "0")}:59`;

export function hourBars(rows: Row[], which: Measure): Bar[] {
  const found = new Map(rows.map((row) => [row.hour, row[which]]));
  return HOURS.map((hour) => ({
    key: String(hour),
    label: hour % LABEL_EVERY === 0 ? String(hour) : "",
    value: found.has(hour) ? (found.get(hour) ?? null) : 0,
  }));
}

export function ByHour({ board }: { board: Board }) {
  const which = measure.value;
  const { rows } = board.hours;
  const caption = say(
    `按一天中的小时：${rangeText(board.range, "zh-CN")}`,
    `By hour of the day: ${rangeText(board.range, "en")}`,
  );
  const named = rows.map((row) => ({
    key: String(row.hour),
    name: clock(row.hour ?? 0),
    figures: row,
  }));
  return (
    <section class="card" aria-labelledby="by-hour">
      <h2 id="by-hour">
        {say("按小时", "By hour")} · {nameOf(which)}
      </h2>
      {rows.length === 0 ? (
        <p class="soft">{say("这段日期没有签到。", "There was no check-in on these days.")}</p>
      ) : (
        <>
          <Bars
            bars={hourBars(rows, which)}
            width={360}
            height={190}
            title={`${caption}, ${nameOf(which)}. ${say("数字见下表。", "The table below has the figures.")}`}
          />
          <p class="soft">
            {say("横轴是一天中的小时（Asia/Shanghai）。", "The axis is the hour of the day (Asia/Shanghai).")}
            {rows.some((row) => row[which] === null) &&
              say("○ 表示不公开的小时，不是0。", " ○ is an hour that is withheld, not 0.")}
          </p>
          <FigureTable caption={caption} head={say("小时", "Hour")} rows={named} />
        </>
      )}
      <CsvLink board={board} by="hour" />
    </section>
  );
}
