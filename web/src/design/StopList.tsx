// The stops in visiting order. They are put in another order by dragging, by the buttons at each, or by Alt with the arrow keys; the
// keyboard's focus stays with the stop that moves.
import { useSignal } from "@preact/signals";
import { say } from "../shared/i18n";
import { moveWaypoint, type Waypoint } from "./model";
import { announced, content, edit, frozen, remove, selected } from "./store";
import { stopTitle } from "./words/fields";

export function StopList({ onOpen }: { onOpen: () => void }) {
  const dragged = useSignal<number | null>(null);
  const stops = content.value?.waypoints ?? [];
  const drop = (to: number) => {
    if (dragged.value !== null) move(dragged.value, to);
    dragged.value = null;
  };
  return (
    <section class="stops" aria-label={say("站点", "Stops")}>
      <h2>
        {say("站点", "Stops")} <span class="soft">{stops.length}</span>
      </h2>
      <button
        type="button"
        class="quiet wide"
        aria-pressed={selected.value === null}
        onClick={() => open(null, onOpen)}
      >
        {say("整条路线", "The route itself")}
      </button>
      {stops.length === 0 && (
        <p class="soft">
          {say(
            "还没有站点。在地图上“添加站点”，或“导入”一张表格。",
            "No stops yet. Add one on the map, or import a table.",
          )}
        </p>
      )}
      <ol class="plain">
        {stops.map((stop, at) => (
          <li
            key={stop.id}
            class={selected.value === stop.id ? "stop chosen" : "stop"}
            draggable={!frozen.value}
            onDragStart={() => (dragged.value = at)}
            onDragOver={(event) => dragged.value !== null && event.preventDefault()}
            onDrop={() => drop(at)}
          >
            <Row stop={stop} at={at} last={stops.length - 1} onOpen={onOpen} />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface RowProps {
  stop: Waypoint;
  at: number;
  last: number;
  onOpen: () => void;
}

function Row({ stop, at, last, onOpen }: RowProps) {
  const title = stopTitle(stop);
  const short = title.slice(0, 80);
  const press = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !by) return;
    event.preventDefault();
    move(at, at + by);
  };
  const drop = () => {
    remove(stop.id);
    announced.value = say(`已删除 ${short}，可以撤销`, `${short} is deleted; Undo brings it back`);
  };
  return (
    <>
      <button
        type="button"
        class="quiet name"
        data-stop={stop.id}
        aria-pressed={selected.value === stop.id}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
        onClick={() => open(stop.id, onOpen)}
        onKeyDown={press}
      >
        <span class="number">{at + 1}</span>
        <span class="clip2">{title}</span>
      </button>
      {selected.value === stop.id && (
        <div class="row">
          <button type="button" disabled={at === 0 || frozen.value} onClick={() => move(at, at - 1)}>
            <span aria-hidden="true">↑</span>
            <span class="hidden-but-read">{say(`${short} 上移`, `Move ${short} up`)}</span>
          </button>
          <button type="button" disabled={at === last || frozen.value} onClick={() => move(at, at + 1)}>
            <span aria-hidden="true">↓</span>
            <span class="hidden-but-read">{say(`${short} 下移`, `Move ${short} down`)}</span>
          </button>
          <button type="button" disabled={frozen.value} onClick={drop}>
            {say("删除", "Delete")}
          </button>
        </div>
      )}
    </>
  );
}

function open(id: string | null, onOpen: () => void) {
  selected.value = id;
  onOpen();
}

function move(from: number, to: number) {
  const stop = content.value?.waypoints[from];
  const focused = document.activeElement;
  edit((now) => moveWaypoint(now, from, to));
  const at = content.value?.waypoints.findIndex((one) => one.id === stop?.id) ?? -1;
  if (!stop || at === from) return;
  const title = stopTitle(stop).slice(0, 80);
  announced.value = say(`${title} 现在是第 ${at + 1} 站`, `${title} is stop ${at + 1} now`);
  // An element that changes its place in the document loses the focus.
  requestAnimationFrame(() => focused instanceof HTMLElement && focused.focus());
}
