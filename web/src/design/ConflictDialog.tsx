// Somebody else changed the route meanwhile. What both changed is chosen here, side by side; what only one changed is shown and kept.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../shared/i18n";
import { assemble, type Part, parts, type Side } from "./conflict";
import { find } from "./model";
import { type Conflict, settle } from "./store";
import { fieldName, stopTitle, valueName } from "./words/fields";

export function ConflictDialog({ meeting }: { meeting: Conflict }) {
  const box = useRef<HTMLDialogElement>(null);
  const sides = useSignal<Record<string, Side>>({});
  useEffect(() => box.current?.showModal(), []);
  const found = parts(meeting.base, meeting.mine, meeting.theirs);
  const both = found.filter((one) => one.changedBy === "both");
  const open = both.filter((one) => !sides.value[one.key]).length;
  const who = [...new Set(meeting.changes.map((one) => one.who))].join(say("、", ", "));
  const finish = (sideOf: (part: Part) => Side) =>
    settle(assemble(meeting.mine, meeting.theirs, found, sideOf));
  return (
    <dialog
      ref={box}
      class="conflict"
      aria-labelledby="conflict-name"
      onCancel={(event) => event.preventDefault()}
    >
      <h2 id="conflict-name">{say("别人同时改了这条路线", "Somebody else changed this route too")}</h2>
      <p>
        {who && <bdi>{who} </bdi>}
        {say(
          "刚刚保存了改动。您的改动还没有保存，也没有丢。两边都改过的，请逐项选择。",
          "has just saved changes. Yours are not saved yet and not lost. Where both changed the same thing, choose.",
        )}
      </p>
      {both.map((part) => (
        <Both key={part.key} part={part} meeting={meeting} sides={sides} />
      ))}
      <Only
        words={say("只有您改的（会保留）", "Only you changed (kept)")}
        found={found.filter((one) => one.changedBy === "mine")}
        meeting={meeting}
        side="mine"
      />
      <Only
        words={say("只有对方改的（会保留）", "Only they changed (kept)")}
        found={found.filter((one) => one.changedBy === "theirs")}
        meeting={meeting}
        side="theirs"
      />
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={open > 0}
          onClick={() =>
            finish((part) => (part.changedBy === "both" ? sides.value[part.key] : part.changedBy))
          }
        >
          {open > 0 ? say(`还有 ${open} 项没有选`, `${open} still to choose`) : say("这样保存", "Save it so")}
        </button>
        <button type="button" onClick={() => finish(() => "theirs")}>
          {say("放弃我的改动，用对方的", "Give mine up and take theirs")}
        </button>
      </div>
    </dialog>
  );
}

interface PartProps {
  part: Part;
  meeting: Conflict;
}

function partName({ part, meeting }: PartProps): string {
  const stop = find(meeting.theirs, part.stop) ?? find(meeting.mine, part.stop);
  if (!stop) return `${say("整条路线", "The route itself")} · ${fieldName(part.field ?? "")}`;
  return part.field ? `${stopTitle(stop)} · ${fieldName(part.field)}` : stopTitle(stop);
}

function told({ part, meeting }: PartProps, side: Side): string {
  const value = part[side];
  if (part.key === "order") {
    return (value as string[])
      .map((id, i) => `${i + 1}. ${stopTitle(find(meeting[side], id) ?? { id })}`)
      .join("\n");
  }
  if (part.stop && !part.field)
    return value ? say("保留这一站", "the stop stays") : say("没有这一站", "there is no such stop");
  return valueName(value);
}

function Both({ part, meeting, sides }: PartProps & { sides: { value: Record<string, Side> } }) {
  return (
    <fieldset class="both">
      <legend class="clip2">{partName({ part, meeting })}</legend>
      {(["mine", "theirs"] as const).map((side) => (
        <label key={side} class="card">
          <span class="tick">
            <input
              type="radio"
              name={part.key}
              checked={sides.value[part.key] === side}
              onChange={() => {
                sides.value = { ...sides.value, [part.key]: side };
              }}
            />
            <strong>{side === "mine" ? say("我的", "Mine") : say("对方的", "Theirs")}</strong>
          </span>
          <span class="value" dir="auto">
            {told({ part, meeting }, side)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Only({
  words,
  found,
  meeting,
  side,
}: {
  words: string;
  found: Part[];
  meeting: Conflict;
  side: Side;
}) {
  if (found.length === 0) return null;
  return (
    <details>
      <summary>{`${words} (${found.length})`}</summary>
      <ul>
        {found.map((part) => (
          <li key={part.key} dir="auto">
            {partName({ part, meeting })}: <span class="value">{told({ part, meeting }, side)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
