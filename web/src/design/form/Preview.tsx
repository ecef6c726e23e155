// The stop as a visitor's phone shows it, in either language: beside the form where the screen is wide and texts are written, else below
// it. It is a picture: its buttons do nothing.
import { useSignal } from "@preact/signals";
import { type Lang, lang, say } from "../../shared/i18n";
import type { Text, Waypoint } from "../model";
import { formPart } from "../store";
import { themeName } from "../words/fields";

export function Preview({ stop }: { stop: Waypoint }) {
  const shownIn = useSignal<Lang>(lang.value);
  const tell = (text: Text | undefined) => text?.[shownIn.value] ?? "";
  const other = shownIn.value === "en" ? "zh-CN" : "en";
  return (
    <details class="preview" data-part={formPart.value} open>
      <summary>{say("手机上的样子", "As the phone shows it")}</summary>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          shownIn.value = other;
        }}
      >
        {other === "en" ? say("看英文", "In English") : say("看中文", "In Chinese")}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="phone" lang={shownIn.value} dir="auto" tabIndex={0} aria-label={say("预览", "Preview")}>
        <p class="phone-title">{tell(stop.title) || missing(shownIn.value)}</p>
        {stop.themes?.length ? <p class="soft small">{stop.themes.map(themeName).join(" · ")}</p> : null}
        <p>{tell(stop.summary) || missing(shownIn.value)}</p>
        <p class="phone-button">{shownIn.value === "en" ? "Check in" : "打卡"}</p>
        {stop.facts?.map((fact, i) => (
          <div key={i} class="phone-fact">
            <p>
              {tell(fact.date) && <strong>{tell(fact.date)} </strong>}
              {tell(fact.text) || missing(shownIn.value)}
            </p>
            <p class="soft small">
              {fact.source ||
                (shownIn.value === "en" ? "no source: cannot be published" : "没有出处，不能发布")}
            </p>
          </div>
        ))}
        {stop.questions?.map((question, i) => (
          <div key={i} class="phone-fact">
            <p>{tell(question.prompt) || missing(shownIn.value)}</p>
            <ol type="a">
              {question.options?.map((option, k) => (
                <li key={option.id ?? k}>{tell(option.text) || missing(shownIn.value)}</li>
              ))}
            </ol>
          </div>
        ))}
      </section>
    </details>
  );
}

function missing(shownIn: Lang): string {
  return shownIn === "en" ? "(not written yet)" : "（还没有写）";
}
