// What one sees of an exhibit: turned by finger, around the visitor with the camera behind it, or in an XR session. Each next
// step is asked for by a tap, after saying what it needs; refused, the step before still works.
import "./ar.css";
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { say, shown } from "../../shared/i18n";
import type { Exhibit, WaypointDetail } from "../content";
import { AroundView } from "./around-view";
import { Orbit } from "./orbit";
import { Stage } from "./stage";
import { type Thing, thing } from "./thing";

type Mode = "turn" | "around" | "xr";

export function ArView({ stop }: { stop: WaypointDetail }) {
  const which = useSignal(0);
  const exhibit = stop.exhibits[which.value];
  if (!exhibit) return <p>{say("这一站没有展品。", "This stop has no exhibit.")}</p>;
  return (
    <>
      {stop.exhibits.length > 1 && (
        <label class="which">
          {say("展品", "Exhibit")}{" "}
          <select
            onChange={(event) => {
              which.value = event.currentTarget.selectedIndex;
            }}
          >
            {stop.exhibits.map(({ id, title }) => (
              <option key={id}>{title}</option>
            ))}
          </select>
        </label>
      )}
      <ExhibitView key={exhibit.id} stop={stop} exhibit={exhibit} />
    </>
  );
}

function ExhibitView({ stop, exhibit }: { stop: WaypointDetail; exhibit: Exhibit }) {
  const loaded = useSignal<Thing | null>(null);
  useEffect(() => {
    let gone = false;
    void thing(exhibit).then((one) => {
      if (gone) one.dispose();
      else loaded.value = one;
    });
    return () => {
      gone = true;
    };
  }, []);
  return (
    <>
      {loaded.value ? (
        <Staged stop={stop} exhibit={exhibit} thing={loaded.value} />
      ) : (
        <p role="status">{say("正在打开展品……", "Opening the exhibit …")}</p>
      )}
      <p>{exhibit.text}</p>
      {loaded.value && <Legend thing={loaded.value} />}
    </>
  );
}

function Staged({ stop, exhibit, thing }: { stop: WaypointDetail; exhibit: Exhibit; thing: Thing }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useSignal<Stage | null | "impossible">(null);
  const mode = useSignal<Mode>("turn");
  useEffect(() => {
    let made: Stage | null = null;
    try {
      if (canvas.current) made = new Stage(canvas.current, thing);
      stage.value = made;
    } catch {
      // No WebGL: the text says it all.
      stage.value = "impossible";
    }
    return () => made?.stop();
  }, []);
  const now = stage.value;
  return (
    <div class={`ar ar-${mode.value}`}>
      <canvas
        ref={canvas}
        class="ar-canvas"
        tabIndex={0}
        role="img"
        aria-label={exhibit.alt || exhibit.title}
      />
      {now === "impossible" && (
        <p class="doubt">{say("这个浏览器画不了立体图。", "This browser cannot draw in 3-D.")}</p>
      )}
      {now && now !== "impossible" && mode.value === "turn" && <Turn stage={now} mode={mode} />}
      {now && now !== "impossible" && mode.value !== "turn" && (
        <AroundView
          stage={now}
          stop={stop}
          exhibit={exhibit}
          xr={mode.value === "xr"}
          leave={() => (mode.value = "turn")}
        />
      )}
    </div>
  );
}

function Turn({ stage, mode }: { stage: Stage; mode: { value: Mode } }) {
  const orbit = useRef<Orbit | null>(null);
  const playing = useSignal(stage.playing);
  const hasXr = useSignal(false);
  useEffect(() => {
    const mine = new Orbit(stage);
    orbit.current = mine;
    const { object } = stage.thing;
    object.visible = true;
    object.position.set(0, 0, 0);
    if (stage.thing.faces) object.rotation.set(0, 0, 0);
    stage.camera.fov = 50;
    stage.camera.updateProjectionMatrix();
    stage.alone(true);
    stage.start(() => mine.step());
    return () => mine.stop();
  }, []);
  useSignalEffect(() => {
    void navigator.xr?.isSessionSupported("immersive-ar").then(
      (can) => {
        hasXr.value = can;
      },
      () => undefined,
    );
  });
  const move = (turn: number, nearer: number) => () => orbit.current?.move(turn, 0, nearer);
  return (
    <>
      <div class="row ar-buttons">
        <button type="button" aria-label={say("向左转", "Turn left")} onClick={move(-30, 1)}>
          ↺
        </button>
        <button type="button" aria-label={say("向右转", "Turn right")} onClick={move(30, 1)}>
          ↻
        </button>
        <button type="button" aria-label={say("放大", "Nearer")} onClick={move(0, 1.25)}>
          ＋
        </button>
        <button type="button" aria-label={say("缩小", "Farther")} onClick={move(0, 0.8)}>
          －
        </button>
        {stage.thing.moves && (
          <button
            type="button"
            onClick={() => {
              stage.playing = !stage.playing;
              playing.value = stage.playing;
            }}
          >
            {playing.value ? say("停", "Pause") : say("动起来", "Play")}
          </button>
        )}
      </div>
      <p class="soft">
        {say(
          "要在实景中看，会用到相机（只显示，不拍照、不上传）、方向和位置。不允许也没关系，这里照样能看。",
          "To see it around you, the camera (shown only: nothing is taken or sent), the direction and the position are used. If you refuse, this view still works.",
        )}
      </p>
      <div class="row">
        <button
          type="button"
          class="primary wide"
          onClick={() => (mode.value = hasXr.value ? "xr" : "around")}
        >
          {say("在实景中看", "See it around me")}
        </button>
      </div>
    </>
  );
}

function Legend({ thing }: { thing: Thing }) {
  return (
    <>
      {thing.failed && (
        <p class="doubt">
          {say("模型没有下载下来，先看展牌。", "The model could not be loaded; here is its board instead.")}
        </p>
      )}
      {thing.schematic && (
        <p class="soft">
          {say(
            "这是示意模型，说明原理，不是复原。",
            "A schematic: it explains how something works and is no reconstruction.",
          )}
        </p>
      )}
      {thing.legend.length > 0 && (
        <ol class="legend">
          {thing.legend.map(({ number, label }) => (
            <li key={number} value={number}>
              {shown(label)}
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
