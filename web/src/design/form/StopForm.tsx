// Everything about one stop, in five parts, with the phone's view of it below. A field that the lint names is brought into view.
import { useEffect, useRef } from "preact/hooks";
import { say } from "../../shared/i18n";
import { changeWaypoint, type Waypoint } from "../model";
import { edit, formPart, wanted } from "../store";
import { stopTitle } from "../words/fields";
import { ExhibitsPart } from "./Exhibits";
import { FactsPart } from "./Facts";
import { Preview } from "./Preview";
import { QuestionsPart } from "./Questions";
import { TextsPart } from "./Texts";
import { ZonePart } from "./ZonePart";

export interface PartProps {
  stop: Waypoint;
  /** Changes members of the stop; `what` names the field that one step of the history is about. */
  put: (change: Partial<Waypoint>, what: string | null) => void;
}

const PARTS = ["texts", "zone", "facts", "questions", "exhibits"] as const;
type PartName = (typeof PARTS)[number];

function partName(part: PartName): string {
  return {
    texts: say("文字", "Texts"),
    zone: say("位置与范围", "Place and zone"),
    facts: say("知识点", "Facts"),
    questions: say("问题", "Questions"),
    exhibits: say("展品", "Exhibits"),
  }[part];
}

/** The part of the form in which a property stands. */
export function partOf(property: string): PartName {
  const head = property.split(/[.[]/)[0];
  if (head === "facts" || head === "questions" || head === "exhibits") return head;
  return ["zone", "geometry", "position", "coordinate", "altitude"].includes(head) ? "zone" : "texts";
}

export function StopForm({ stop }: { stop: Waypoint }) {
  const panel = useRef<HTMLDivElement>(null);
  useWanted(panel);
  const part = PARTS.find((one) => one === formPart.value) ?? "texts";
  const put: PartProps["put"] = (change, what) =>
    edit((now) => changeWaypoint(now, stop.id, change), what && `${stop.id}/${what}`);
  return (
    <>
      <h2 class="clip2">{stopTitle(stop)}</h2>
      <Tabs part={part} />
      <div ref={panel} role="tabpanel" id="part" aria-label={partName(part)} class="stack">
        {part === "texts" && <TextsPart stop={stop} put={put} />}
        {part === "zone" && <ZonePart stop={stop} put={put} />}
        {part === "facts" && <FactsPart stop={stop} put={put} />}
        {part === "questions" && <QuestionsPart stop={stop} put={put} />}
        {part === "exhibits" && <ExhibitsPart stop={stop} put={put} />}
      </div>
      <Preview stop={stop} />
    </>
  );
}

function Tabs({ part }: { part: PartName }) {
  const press = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = PARTS[(PARTS.indexOf(part) + by + PARTS.length) % PARTS.length];
    formPart.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={say("站点内容", "The stop")} onKeyDown={press}>
      {PARTS.map((one) => (
        <button
          type="button"
          key={one}
          id={`tab-${one}`}
          role="tab"
          aria-selected={one === part}
          aria-controls="part"
          tabIndex={one === part ? 0 : -1}
          onClick={() => {
            formPart.value = one;
          }}
        >
          {partName(one)}
        </button>
      ))}
    </div>
  );
}

/** Puts the focus where the lint pointed: on that field, or on the nearest that there is. */
function useWanted(panel: { current: HTMLDivElement | null }) {
  const path = wanted.value;
  useEffect(() => {
    if (!path || !panel.current) return;
    wanted.value = null;
    const fields = [...panel.current.querySelectorAll<HTMLElement>("[data-path]")];
    const field =
      fields.find((one) => one.dataset.path?.startsWith(path)) ??
      fields.find((one) => path.startsWith(one.dataset.path?.split(/[.[]/)[0] ?? "?")) ??
      fields[0];
    field?.focus();
    field?.scrollIntoView({ block: "center" });
  }, [path]);
}
