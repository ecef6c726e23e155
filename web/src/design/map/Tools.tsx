// The buttons over the map: what to draw, and where to look.
import { useComputed } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";
import { say } from "../../shared/i18n";
import { chosen, content, formPart, frozen } from "../store";
import type { Tool } from "./drawing";
import { add, tool } from "./tool";
import { calm, showAll } from "./view";

export function Tools({ map }: { map: { current: MapLibre | null } }) {
  const stop = useComputed(() => chosen.value ?? null).value;
  const locked = frozen.value;
  const centre = () => {
    const at = map.current?.getCenter();
    if (at) add([at.lng, at.lat]);
  };
  return (
    <>
      <div class="tools left" role="toolbar" aria-label={say("在地图上画", "Drawing on the map")}>
        <ToolButton of="add" words={say("添加站点", "Add a stop")} locked={locked} />
        {tool.value === "add" && (
          <button type="button" onClick={centre}>
            {say("放在地图中央", "Put it in the middle")}
          </button>
        )}
        {stop && (
          <ToolButton
            of="circle"
            words={say("调整圆形范围", "Resize circle")}
            locked={locked || stop.zone?.kind === "polygon"}
          />
        )}
        {stop && (
          <ToolButton
            of={stop.zone?.kind === "polygon" ? "polygon" : "new-polygon"}
            words={
              stop.zone?.kind === "polygon"
                ? say("修改多边形", "Change polygon")
                : say("画多边形范围", "Draw polygon")
            }
            locked={locked}
          />
        )}
        <ToolButton
          of={(content.value?.line.length ?? 0) > 1 ? "line" : "new-line"}
          words={
            (content.value?.line.length ?? 0) > 1
              ? say("修改走向", "Change the line")
              : say("画路线走向", "Draw the line")
          }
          locked={locked}
        />
        {tool.value && <p class="hint">{hint(tool.value)}</p>}
      </div>
      <div class="tools right" role="toolbar" aria-label={say("看地图", "Looking at the map")}>
        <button type="button" onClick={() => map.current?.zoomIn({ animate: !calm() })}>
          <span aria-hidden="true">＋</span>
          <span class="hidden-but-read">{say("放大", "Closer")}</span>
        </button>
        <button type="button" onClick={() => map.current?.zoomOut({ animate: !calm() })}>
          <span aria-hidden="true">－</span>
          <span class="hidden-but-read">{say("缩小", "Farther")}</span>
        </button>
        <button type="button" onClick={() => map.current && showAll(map.current)}>
          {say("全图", "All")}
        </button>
      </div>
    </>
  );
}

function ToolButton({ of, words, locked }: { of: Tool | "add"; words: string; locked: boolean }) {
  const on = tool.value === of;
  const turn = () => {
    tool.value = on ? null : of;
    if (!on && chosen.value && of !== "add") formPart.value = "zone";
  };
  return (
    <button type="button" aria-pressed={on} disabled={locked} onClick={turn}>
      {on ? say("完成", "Done") : words}
    </button>
  );
}

function hint(of: Tool | "add"): string {
  return {
    add: say("点一下地图上的位置。", "Click the place on the map."),
    circle: say(
      "拖动圆边上的点。也可以在“范围”里填半径。",
      "Drag a handle on the edge, or write the radius under “Zone”.",
    ),
    polygon: say(
      "拖动角点；拖动边上的中点可加点；右键点角点可删。",
      "Drag corners; drag a midpoint for a new one; right-click removes one.",
    ),
    line: say(
      "拖动线上的点；拖动中点可加点；右键点可删。",
      "Drag points; drag a midpoint for a new one; right-click removes one.",
    ),
    "new-polygon": say(
      "依次点各个角，最后点第一个角收口。",
      "Click the corners one by one, and the first again to close.",
    ),
    "new-line": say(
      "沿路依次点，最后一点再点一次结束。",
      "Click along the way, and the last point again to end.",
    ),
  }[of];
}
