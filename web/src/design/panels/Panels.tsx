// The panel that is open beside the map. A file that is dropped anywhere on the page opens the import.
import { useEffect, useRef } from "preact/hooks";
import { say } from "../../shared/i18n";
import { ghosts, outcomes } from "../overlay";
import { frozen, panel } from "../store";
import { panelName } from "../words/panels";
import { HistoryPanel } from "./HistoryPanel";
import { ImportPanel } from "./ImportPanel";
import { choose } from "./importing";
import { LintPanel } from "./LintPanel";
import { PublishPanel } from "./PublishPanel";
import { RehearsalPanel } from "./RehearsalPanel";

export function Panels({ onPlace }: { onPlace: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const open = panel.value;
  useDroppedFiles();
  useEffect(() => {
    if (open) heading.current?.focus();
    if (open !== "import") ghosts.value = [];
    if (open !== "rehearsal") outcomes.value = new Map();
  }, [open]);
  if (!open) return null;
  return (
    <aside
      class="panel"
      aria-labelledby="panel-name"
      onKeyDown={(event) => {
        if (event.key === "Escape") panel.value = null;
      }}
    >
      <header class="row between">
        <h2 id="panel-name" tabIndex={-1} ref={heading}>
          {panelName(open)}
        </h2>
        <button type="button" class="quiet" onClick={() => (panel.value = null)}>
          {say("关闭", "Close")}
        </button>
      </header>
      <div class="stack">
        {open === "import" && <ImportPanel />}
        {open === "lint" && <LintPanel onPlace={onPlace} />}
        {open === "rehearsal" && <RehearsalPanel />}
        {open === "publish" && <PublishPanel />}
        {open === "history" && <HistoryPanel />}
      </div>
    </aside>
  );
}

function useDroppedFiles() {
  useEffect(() => {
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent) => {
      if (carries(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      const dropped = event.dataTransfer?.files[0];
      if (!dropped || frozen.value) return;
      panel.value = "import";
      choose(dropped);
    };
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
}
