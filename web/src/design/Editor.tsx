// One route: what can be done with it above, its stops left, its map in the middle, the form right. On a narrow screen the three become
// one column with a switch.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { say, shown } from "../shared/i18n";
import { Account } from "./Account";
import { ConflictDialog } from "./ConflictDialog";
import { RouteForm } from "./form/RouteForm";
import { StopForm } from "./form/StopForm";
import { MapView } from "./map/MapView";
import { Panels } from "./panels/Panels";
import { StopList } from "./StopList";
import {
  canRedo,
  canUndo,
  chosen,
  close,
  conflict,
  content,
  frozen,
  panel,
  redo,
  save,
  saving,
  trouble,
  undo,
} from "./store";
import { panelName } from "./words/panels";

export function Editor() {
  const view = useSignal<"map" | "stops" | "form">("map");
  useShortcuts();
  return (
    <div class="editor" data-view={view.value} data-panel={panel.value ?? undefined}>
      <Bar />
      <nav class="views" aria-label={say("看哪一块", "What to look at")}>
        {(["map", "stops", "form"] as const).map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={view.value === one}
            onClick={() => (view.value = one)}
          >
            {viewName(one)}
          </button>
        ))}
      </nav>
      <main class="work">
        <StopList onOpen={() => (view.value = "form")} />
        <MapView />
        <section
          class="form"
          aria-label={chosen.value ? say("站点内容", "The stop") : say("路线内容", "The route")}
        >
          {chosen.value ? <StopForm key={chosen.value.id} stop={chosen.value} /> : <RouteForm />}
        </section>
      </main>
      <Panels onPlace={() => (view.value = "form")} />
      {conflict.value && <ConflictDialog meeting={conflict.value} />}
    </div>
  );
}

function viewName(one: "map" | "stops" | "form"): string {
  return { map: say("地图", "Map"), stops: say("站点", "Stops"), form: say("内容", "Texts") }[one];
}

function Bar() {
  const leave = async () => {
    if (saving.value === "saved" || (await save())) close();
  };
  return (
    <header class="bar">
      <div class="row">
        <button type="button" class="quiet" onClick={leave}>
          <span aria-hidden="true">‹</span> {say("路线", "Routes")}
        </button>
        <h1 class="clip">{shown(content.value?.title) || say("（没有名称）", "(no name)")}</h1>
        <Saving />
      </div>
      <div class="row tools" role="toolbar" aria-label={say("编辑", "Editing")}>
        <button type="button" disabled={!canUndo.value || frozen.value} onClick={undo}>
          {say("撤销", "Undo")}
        </button>
        <button type="button" disabled={!canRedo.value || frozen.value} onClick={redo}>
          {say("重做", "Redo")}
        </button>
        {(["import", "lint", "rehearsal", "publish", "history"] as const).map((one) => (
          <button
            type="button"
            key={one}
            class={one === "publish" ? "primary" : ""}
            aria-expanded={panel.value === one}
            onClick={() => (panel.value = panel.value === one ? null : one)}
          >
            {panelName(one)}
          </button>
        ))}
      </div>
      <Account />
    </header>
  );
}

function Saving() {
  const words = {
    saved: say("已保存", "Saved"),
    waiting: say("正在保存……", "Saving …"),
    unreached: say("没有网络，稍后自动保存", "No network; saved when it is back"),
    busy: say("服务器忙，稍后自动保存", "The server is busy; saved in a moment"),
    refused: say("没有保存", "Not saved"),
  }[saving.value];
  return (
    <div class="saving">
      <span
        role="status"
        class={saving.value === "saved" ? "good" : saving.value === "waiting" ? "soft" : "bad"}
      >
        {words}
      </span>
      {trouble.value && (
        <span class="bad" role="alert">
          {trouble.value}
        </span>
      )}
      {saving.value === "refused" && (
        <button type="button" class="quiet" onClick={save}>
          {say("再存一次", "Save again")}
        </button>
      )}
      {frozen.value && (
        <span class="doubt" role="status">
          {say("已定时发布，草稿锁定", "Locked until its publication")}
        </span>
      )}
    </div>
  );
}

/** Ctrl or ⌘ with Z and Y: the history of the page, also within fields, because every keystroke is in it. */
function useShortcuts() {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
      const letter = event.key.toLowerCase();
      const back = letter === "z" && !event.shiftKey;
      if (!back && letter !== "y" && letter !== "z") return;
      event.preventDefault();
      // What is half typed in a field is taken first.
      const field = document.activeElement instanceof HTMLInputElement ? document.activeElement : null;
      field?.blur();
      if (back) undo();
      else redo();
      field?.focus();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
