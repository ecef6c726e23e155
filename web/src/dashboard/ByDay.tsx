// The figures day by day as bars, drawn by uPlot. A day nobody came is 0; a day that is not shown is a ring on the line, not a 0.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { lang, say } from "../shared/i18n";
import { type Day, dayText, plus, type Range, rangeText, startOf, ZONE } from "./days";
import { CsvLink, FigureTable } from "./FigureTable";
import { type Measure, nameOf, partText, type Row } from "./figures";
import { type Board, measure } from "./state";

const HEIGHT_PX = 280;
/** With more days than this, rings are small. */
const MANY = 100;
const DAY_S = 86_400;
const MONTH_S = 30 * DAY_S;
const YEAR_S = 365 * DAY_S;
/** Ticks stand at whole days, months and years. */
const STEPS = [
  ...[1, 2, 5, 7, 10, 15].map((n) => n * DAY_S),
  ...[1, 2, 3, 6].map((n) => n * MONTH_S),
  ...[1, 2, 5].map((n) => n * YEAR_S),
];

interface Series {
  days: Day[];
  shown: (number | null)[];
  /** 0 where a day's figure is hidden. */
  hidden: (number | null)[];
}

/** Every day of the range, also those without a row. */
function seriesOf(rows: Row[], { from, to }: Range, which: Measure): Series {
  const found = new Map(rows.map((row) => [row.day, row[which]]));
  const series: Series = { days: [], shown: [], hidden: [] };
  for (let day = from; day <= to; day = plus(day, 1)) {
    const figure = found.has(day) ? (found.get(day) ?? null) : 0;
    series.days.push(day);
    series.shown.push(figure);
    series.hidden.push(figure === null ? 0 : null);
  }
  return series;
}

/** In the zone, by the width of a step: day, month or year. */
function tick(seconds: number, step: number, tag: string): string {
  const how: Intl.DateTimeFormatOptions =
    step >= YEAR_S
      ? { year: "numeric" }
      : step >= MONTH_S
        ? { year: "numeric", month: "short" }
        : { month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(tag, { ...how, timeZone: ZONE }).format(seconds * 1_000);
}

function axes(ink: string, line: string, tag: string): uPlot.Axis[] {
  const look = { stroke: ink, font: "13px system-ui, sans-serif", grid: { stroke: line, width: 1 } };
  return [
    {
      ...look,
      incrs: STEPS,
      space: 84,
      grid: { show: false },
      ticks: { stroke: line },
      values: (_, splits, __, ___, step) => splits.map((at) => tick(at, step, tag)),
    },
    {
      ...look,
      size: 60,
      ticks: { show: false },
      // People come whole.
      values: (_, splits) => splits.map((n) => (Number.isInteger(n) ? n.toLocaleString(tag) : "")),
    },
  ];
}

function options(width: number, days: number, at: (index: number | null) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const [ink, brand, line, paper] = ["--ink", "--brand", "--line", "--raised"].map(colour) as [
    string,
    string,
    string,
    string,
  ];
  const tag = lang.value === "en" ? "en-GB" : "zh-CN";
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), ZONE),
    scales: {
      x: { range: (_, least, most) => [least - DAY_S / 2, most + DAY_S / 2] },
      y: { range: (_, __, most) => [0, Math.max(most, 5) * 1.05] },
    },
    axes: axes(ink, line, tag),
    series: [
      {},
      {
        stroke: brand,
        fill: brand,
        paths: uPlot.paths.bars?.({ size: [0.7, 48] }),
        points: { show: false },
      },
      {
        stroke: ink,
        paths: () => null,
        points: { show: true, fill: paper, size: days > MANY ? 4 : 9, width: days > MANY ? 1 : 2 },
      },
    ],
    hooks: { setCursor: [(plot) => at(plot.cursor.idx ?? null)] },
  };
}

/** The picture; what the pointer is on is said below it. */
function Chart({ series, label }: { series: Series; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const pointed = useSignal<number | null>(null);
  const tag = lang.value;
  useEffect(() => {
    const home = box.current;
    if (!home) return;
    let plot: uPlot | null = null;
    const draw = () => {
      plot?.destroy();
      const data: uPlot.AlignedData = [series.days.map(startOf), series.shown, series.hidden];
      plot = new uPlot(
        options(home.clientWidth, series.days.length, (index) => {
          pointed.value = index;
        }),
        data,
        home,
      );
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: home.clientWidth, height: HEIGHT_PX }));
    resized.observe(home);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener("change", draw);
      plot?.destroy();
    };
  }, [series, tag, pointed]);
  const index = pointed.value;
  const day = index === null ? undefined : series.days[index];
  return (
    <>
      <div ref={box} class="plot" role="img" aria-label={label} />
      <p class="soft readout" aria-hidden="true">
        {day === undefined || index === null
          ? say("指向或点按一天，看它的数字。", "Point at or tap a day to read its figure.")
          : `${dayText(day, tag)} · ${partText(series.shown[index])}`}
      </p>
    </>
  );
}

export function ByDay({ board }: { board: Board }) {
  const which = measure.value;
  const { rows } = board.days;
  const caption = say(`按日：${rangeText(board.range, "zh-CN")}`, `By day: ${rangeText(board.range, "en")}`);
  const named = rows.map((row) => ({
    key: row.day ?? "",
    name: dayText(row.day ?? "", lang.value, "short"),
    figures: row,
  }));
  return (
    <section class="card" aria-labelledby="by-day">
      <h2 id="by-day">
        {say("按日", "By day")} · {nameOf(which)}
      </h2>
      {rows.length === 0 ? (
        <p class="soft">{say("这段日期没有签到。", "There was no check-in on these days.")}</p>
      ) : (
        <>
          <Chart
            series={seriesOf(rows, board.range, which)}
            label={`${caption}, ${nameOf(which)}. ${say("数字见下表。", "The table below has the figures.")}`}
          />
          {rows.some((row) => row[which] === null) && (
            <p class="soft">{say("○ 表示不公开的一天，不是0。", "○ is a day that is withheld, not 0.")}</p>
          )}
          <FigureTable caption={caption} head={say("日期", "Day")} rows={named} />
          <p class="soft">
            {say("表中没有的日期没有人签到。", "On days not in the table nobody checked in.")}
          </p>
        </>
      )}
      <CsvLink board={board} by="day" />
    </section>
  );
}
