// People, visits, batches: each with its definition one tap away, for today, this week, this year and the chosen range.
import { lang, say } from "../shared/i18n";
import { rangeText } from "./days";
import { changeText, MEASURES, type Measure, nameOf, totalText, WORDS } from "./figures";
import { live } from "./live";
import { type Board, PERIODS, type Period } from "./state";

export const periodName = (period: Period) =>
  ({
    today: say("今天", "Today"),
    week: say("本周", "This week"),
    year: say("今年", "This year"),
    range: say("所选日期", "Chosen days"),
  })[period];

interface FigureProps {
  board: Board;
  measure: Measure;
  period: Period;
}

function Figure({ board, measure, period }: FigureProps) {
  const { now, before } = board.totals[period];
  // What came last, as long as it speaks of the same day.
  const figures = period === "today" ? (live.value.figures ?? now) : now;
  const text = totalText(figures, measure);
  const change = changeText(figures[measure], before[measure]);
  return (
    <div data-period={period}>
      <dt>{periodName(period)}</dt>
      <dd>
        <span class={figures[measure] === null ? "figure hidden-figure" : "figure"} data-figure={measure}>
          {text}
        </span>
        <span class="soft before">
          {say("去年同期：", "Last year: ")}
          {totalText(before, measure)}
          {change && (
            <>
              {" "}
              <b>
                {!board.exact && say("约", "≈")}
                {change}
              </b>
            </>
          )}
        </span>
      </dd>
    </div>
  );
}

export function Definition({ measure }: { measure: Measure }) {
  return (
    <details class="definition">
      <summary>{say("怎么算？", "How is it counted?")}</summary>
      <p>{say(...WORDS[measure].means)}</p>
    </details>
  );
}

/** Why a figure may be missing or round; said wherever figures are. */
export function Exactness({ board: { exact, lagS } }: { board: Board }) {
  return (
    <p class="exactness">
      {exact
        ? say(
            "已登录：这里是精确数字。其中小于10的数字可能让人认出个别学生，请勿公开。",
            "Signed in: the figures are exact. Those under 10 may point to a single child; do not publish them.",
          )
        : say(
            "公开数字：小于10的不显示，其余按5取整，使人无法从中认出个别学生。“不公开”表示少于10人，或为了不让人推算出这样的数字而一并隐去；它不是0。",
            "Public figures: those under 10 are not shown and the rest are rounded to 5, so that no child can be singled out. “Withheld” means fewer than 10 people, or hidden so that such a figure cannot be worked out; it is not 0.",
          )}
      {lagS !== null &&
        say(
          ` 数字由备用数据库给出，最多晚 ${Math.ceil(lagS)} 秒。`,
          ` A standby database has counted; the figures are at most ${Math.ceil(lagS)} s old.`,
        )}
    </p>
  );
}

export function Totals({ board }: { board: Board }) {
  return (
    <section aria-labelledby="totals">
      <h2 id="totals">{say("总数", "Totals")}</h2>
      <div class="totals">
        {MEASURES.map((measure) => (
          <article key={measure} class="card" data-measure={measure} aria-labelledby={`name-${measure}`}>
            <h3 id={`name-${measure}`}>{nameOf(measure)}</h3>
            <Definition measure={measure} />
            <dl>
              {PERIODS.map((period) => (
                <Figure key={period} board={board} measure={measure} period={period} />
              ))}
            </dl>
          </article>
        ))}
      </div>
      <p class="soft">
        {say("所选日期：", "Chosen days: ")}
        {rangeText(board.range, lang.value)}
        {say("。一周从星期一开始。", ". A week begins on Monday. ")}
        {say(
          "本周、今年都算到今天为止；去年同期是去年的同样日期。",
          "This week and this year run up to today; “last year” is the same dates a year earlier.",
        )}
      </p>
      <Exactness board={board} />
    </section>
  );
}
