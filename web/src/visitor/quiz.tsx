// The question after the check-in. The server keeps the keys and does not mark answers yet, so this is practice: the choice is
// kept on the phone, and the visitor is sent to the facts to compare.
import { useSignal, useSignalEffect } from "@preact/signals";
import { say } from "../shared/i18n";
import type { WaypointDetail } from "./content";
import { shelves } from "./kept";
import { checkIns, visits } from "./queue";

type Question = WaypointDetail["quiz"][number];

export function Quiz({ stop }: { stop: WaypointDetail }) {
  const came =
    visits.value.has(stop.id) ||
    checkIns.value.some(({ waypoint, state }) => waypoint === stop.id && state === "waiting");
  if (!came) return null;
  return (
    <>
      {stop.quiz.map((question) => (
        <Ask key={question.id} of={stop.id} question={question} />
      ))}
    </>
  );
}

function Ask({ of, question }: { of: string; question: Question }) {
  const key = `${of}/${question.id}`;
  const chosen = useSignal<string | undefined>(undefined);
  useSignalEffect(() => {
    void shelves()
      .then((db) => db.get("answers", key))
      .then((kept) => {
        chosen.value ??= kept?.option;
      }, nothing);
  });
  const choose = (option: string) => {
    chosen.value = option;
    void shelves()
      .then((db) => db.put("answers", { question: key, option }))
      .catch(nothing);
  };
  return (
    <fieldset class="card quiz">
      <legend>{question.prompt}</legend>
      {question.options.map((option) => (
        <label key={option.id}>
          <input
            type="radio"
            name={key}
            checked={chosen.value === option.id}
            onChange={() => choose(option.id)}
          />
          <span>{option.text}</span>
        </label>
      ))}
      <p class="soft" role="status">
        {chosen.value &&
          say(
            "这是练习，不记分，只留在这部手机里。到下面的“史实与出处”里找一找：你选得对吗？",
            "This is practice: no marks, and it stays on this phone. Look among the facts below: were you right?",
          )}
      </p>
    </fieldset>
  );
}

/** An answer that cannot be kept lasts as long as the page. */
function nothing() {}
