// A model on the ground plane as its pose says: a grid of metres with north marked. three is loaded when somebody wants to look, and
// draws only when something changed.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../../shared/i18n";
import type { Stage } from "./stage";

interface Props {
  href: string;
  turnDeg: number;
  scale: number;
  heightM: number;
}

export function ModelPreview({ href, turnDeg, scale, heightM }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const state = useSignal<"loading" | "there" | "failed">("loading");
  const size = useSignal("");
  useEffect(() => {
    let ended = false;
    const begin = async () => {
      const { Stage } = await import("./stage");
      if (ended || !canvas.current) return;
      stage.current = new Stage(canvas.current);
      const [x, y, z] = await stage.current.load(href);
      size.value = `${x.toFixed(1)} × ${z.toFixed(1)} × ${y.toFixed(1)} m`;
      stage.current.pose(turnDeg, scale, heightM);
      state.value = "there";
    };
    begin().catch(() => {
      state.value = "failed";
    });
    return () => {
      ended = true;
      stage.current?.end();
    };
  }, [href]);
  useEffect(() => stage.current?.pose(turnDeg, scale, heightM), [turnDeg, scale, heightM]);
  return (
    <figure>
      <canvas
        ref={canvas}
        class="stage"
        tabIndex={0}
        role="img"
        aria-label={say("三维模型，左右方向键转着看", "3-D model; the left and right arrows turn the view")}
        onKeyDown={(event) => {
          const by = { ArrowLeft: -15, ArrowRight: 15 }[event.key];
          if (!by) return;
          event.preventDefault();
          stage.current?.look(by);
        }}
      />
      <figcaption class="small soft">
        {state.value === "loading" && say("正在读取模型……", "Loading the model …")}
        {state.value === "failed" &&
          say(
            "模型打不开，请检查文件或重新上传。",
            "The model does not open. Check the file or send it again.",
          )}
        {state.value === "there" &&
          say(
            `原尺寸 ${size.value}；一格 1 米，红边朝北；拖动可转。`,
            `Made ${size.value}; a square is 1 m, the red edge is north; drag to turn.`,
          )}
      </figcaption>
    </figure>
  );
}
