// The dashboard: how many people walked the study routes. It reads the counts of the public API and nothing about any single participant.
import "../shared/base.css";
import "./dashboard.css";
import "./print.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { Refused } from "../shared/api";
import { say } from "../shared/i18n";
import { refresh } from "../shared/session";
import { ByDay } from "./ByDay";
import { ByHour } from "./ByHour";
import { MEASURES, type Measure, nameOf } from "./figures";
import { Head } from "./Head";
import { follow as followLive } from "./live";
import { Picker } from "./Picker";
import { Report } from "./Report";
import { Stops } from "./Stops";
import { type Board, board, follow as followChoice, load, measure, trouble } from "./state";
import { Totals } from "./Totals";

/** Why the server did not answer, in the page's language. */
function reason(error: unknown): string {
  if (!(error instanceof Refused)) return say("没有连上服务器。", "The server was not reached.");
  if (error.problem.status >= 500) {
    return say("服务器现在忙，请稍后再试。", "The server is busy; try again soon.");
  }
  return say(
    "没有这条路线，或日期范围超过十年。",
    "There is no such study route, or the range is longer than ten years.",
  );
}

function Trouble() {
  const error = trouble.value;
  if (!error) return null;
  return (
    <div class="card trouble" role="alert">
      <p>
        <b>{say("数字没有更新。", "The figures were not updated.")}</b> {reason(error)}
      </p>
      <button type="button" onClick={() => void load()}>
        {say("再试一次", "Try again")}
      </button>
    </div>
  );
}

/** Which measure the pictures show. */
function MeasurePick() {
  const pick = (which: Measure) => {
    measure.value = which;
  };
  return (
    <fieldset class="measures">
      <legend>{say("下面的图显示", "The pictures show")}</legend>
      {MEASURES.map((which) => (
        <button
          key={which}
          type="button"
          class={measure.value === which ? "primary" : ""}
          aria-pressed={measure.value === which}
          onClick={() => pick(which)}
        >
          {nameOf(which)}
        </button>
      ))}
    </fieldset>
  );
}

function Figures({ of }: { of: Board }) {
  return (
    <>
      <Totals board={of} />
      <MeasurePick />
      <div class="pictures">
        <ByDay board={of} />
        <ByHour board={of} />
      </div>
      <Stops board={of} />
    </>
  );
}

function App() {
  const of = board.value;
  return (
    <>
      <main class="screen" data-made={of?.madeMs}>
        <Head printable={of !== null} />
        <Picker />
        <Trouble />
        {of ? (
          <Figures of={of} />
        ) : (
          !trouble.value && <p role="status">{say("正在取数字…", "Fetching figures…")}</p>
        )}
      </main>
      {of && <Report board={of} />}
    </>
  );
}

effect(() => {
  document.title = `${say("参与情况", "Participation")} · studyroute`;
});
const root = document.getElementById("app");
if (root) render(<App />, root);
// Who is signed in comes first, so that the figures are asked for once.
void refresh().then(() => {
  followChoice();
  followLive();
});
