// One A4 page on paper: what a director hands in. Only printing shows it; it takes nothing from the screen but the board and the names, and
// has room for one page however long the route or its titles are.
import { lang, say } from "../shared/i18n";
import { type Bar, Bars } from "./Bars";
import { hourBars } from "./ByHour";
import { daysIn, dayText, momentText, plus, rangeText, yearBefore } from "./days";
import {
  changeText,
  countsPath,
  MEASURES,
  type Measure,
  nameOf,
  partText,
  totalText,
  WORDS,
} from "./figures";
import { type Part, partsOf, shareText } from "./parts";
import { type Board, measure, type Names, names, type Period } from "./state";
import { Exactness, periodName } from "./Totals";

/** Parts that fit in two columns. */
const PARTS_MAX = 34;
/** Labels under the days that have room beside one another. */
const DAY_LABELS_MAX = 9;

function dayBars(board: Board, which: Measure): Bar[] {
  const found = new Map(board.days.rows.map((row) => [row.day, row[which]]));
  const every = Math.ceil(daysIn(board.range) / DAY_LABELS_MAX);
  const first = Math.floor(every / 2);
  const bars: Bar[] = [];
  for (let day = board.range.from; day <= board.range.to; day = plus(day, 1)) {
    const value = found.has(day) ? (found.get(day) ?? null) : 0;
    bars.push({ key: day, label: bars.length % every === first ? day.slice(5) : "", value });
  }
  return bars;
}

function TotalRow({ board, measure: which }: { board: Board; measure: Measure }) {
  const { now, before } = board.totals.range;
  const change = changeText(now[which], before[which]);
  const others: Period[] = ["today", "week", "year"];
  return (
    <tr>
      <th scope="row">{nameOf(which)}</th>
      <td class="main">{totalText(now, which)}</td>
      <td>{totalText(before, which)}</td>
      <td>{change ? `${board.exact ? "" : say("约", "≈")}${change}` : "–"}</td>
      {others.map((period) => (
        <td key={period}>{totalText(board.totals[period].now, which)}</td>
      ))}
    </tr>
  );
}

function TotalTable({ board }: { board: Board }) {
  return (
    <table class="sums">
      <thead>
        <tr>
          <td />
          <th scope="col">{periodName("range")}</th>
          <th scope="col">{say("去年同期", "Last year")}</th>
          <th scope="col">{say("变化", "Change")}</th>
          <th scope="col">{periodName("today")}</th>
          <th scope="col">{periodName("week")}</th>
          <th scope="col">{periodName("year")}</th>
        </tr>
      </thead>
      <tbody>
        {MEASURES.map((which) => (
          <TotalRow key={which} board={board} measure={which} />
        ))}
      </tbody>
    </table>
  );
}

function Pictures({ board }: { board: Board }) {
  const which = measure.value;
  const { from, to } = board.range;
  const byDay = `${say("按日", "By day")} · ${nameOf(which)}`;
  const byHour = `${say("按小时", "By hour")} · ${nameOf(which)}`;
  return (
    <div class="pictures">
      <figure>
        <figcaption>
          {byDay} · {dayText(from, lang.value, "short")} – {dayText(to, lang.value, "short")}
        </figcaption>
        <Bars bars={dayBars(board, which)} width={420} height={120} title={byDay} />
      </figure>
      <figure>
        <figcaption>{byHour}</figcaption>
        <Bars bars={hourBars(board.hours.rows, which)} width={280} height={120} title={byHour} />
      </figure>
    </div>
  );
}

function PartList({ board, parts }: { board: Board; parts: Part[] }) {
  const which = measure.value;
  const shown = parts.slice(0, PARTS_MAX);
  return (
    <>
      <h2>
        {board.route ? say("沿路线各站", "Along the route") : say("按路线", "By study route")} ·{" "}
        {nameOf(which)}
        {shown.length < parts.length &&
          say(
            `（前${PARTS_MAX}项，共${parts.length}项，其余见 CSV）`,
            ` (first ${PARTS_MAX} of ${parts.length}; the CSV has all)`,
          )}
      </h2>
      <ol class="parts">
        {shown.map((part) => (
          <li key={part.id}>
            <span class="order">{part.order ?? "–"}</span>
            <bdi class="one-line">{part.title}</bdi>
            <span>{partText(part.figures[which])}</span>
            <span class="share">{shareText(board, part, which) ?? ""}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function routeTitle(board: Board, known: Names): string {
  if (!board.route) return say("全部路线", "All study routes");
  return known.routes.find(({ id }) => id === board.route)?.title ?? board.route;
}

function Foot({ board }: { board: Board }) {
  const source = new URL(countsPath(board.range, board.route), location.href).href;
  return (
    <footer>
      <h2>{say("定义", "Definitions")}</h2>
      {MEASURES.map((which) => (
        <p key={which}>
          <b>{nameOf(which)}</b> {say(...WORDS[which].means)}
        </p>
      ))}
      <Exactness board={board} />
      <p>
        {say("日期均为 Asia/Shanghai；去年同期：", "Days are in Asia/Shanghai; last year: ")}
        {rangeText(yearBefore(board.range), lang.value)}
        {say("。○ 表示不公开。", ". ○ is withheld. ")}
        {say("来源：studyroute 服务器，", "Source: the studyroute server, ")}
        {source}
      </p>
      <p>
        <b>
          {say("制作时间：", "Made: ")}
          <span data-made={board.madeMs}>{momentText(board.madeMs, lang.value, true)}</span> (Asia/Shanghai)
        </b>
      </p>
    </footer>
  );
}

export function Report({ board }: { board: Board }) {
  return (
    <article class="report">
      <header>
        <h1>{say("研学路线参与情况", "Participation in the study routes")}</h1>
        <p class="of">
          <bdi class="one-line">{routeTitle(board, names.value)}</bdi>
        </p>
        <p class="of">
          {rangeText(board.range, lang.value)}
          {board.exact && <b>{say(" · 精确数字，仅供内部使用", " · exact figures, for internal use")}</b>}
        </p>
      </header>
      <TotalTable board={board} />
      <Pictures board={board} />
      <PartList board={board} parts={partsOf(board, names.value)} />
      <Foot board={board} />
    </article>
  );
}
