// The exhibit around the visitor, over the camera's picture: its name and distance where it stands, an arrow when it is not in
// the picture, and what to do when the compass or the position is vague.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../../shared/i18n";
import type { Exhibit, WaypointDetail } from "../content";
import { covered } from "../parts";
import { follow, here, positioning } from "../position";
import { Around } from "./around";
import { Aim, Say, type Told } from "./around-words";
import { mayOrient } from "./orientation";
import type { Seen } from "./place";
import type { Stage } from "./stage";

interface Props {
  stage: Stage;
  stop: WaypointDetail;
  exhibit: Exhibit;
  xr: boolean;
  leave: () => void;
}

/** What the visitor is told at most this often. */
const SAY_MS = 500;
export function AroundView({ stage, stop, exhibit, xr, leave }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const overlay = useRef<HTMLDivElement>(null);
  const label = useRef<HTMLDivElement>(null);
  const around = useRef<Around | null>(null);
  const told = useSignal<Told>({ seen: null, oriented: false });
  const camera = useSignal<"asking" | "on" | "refused">("asking");
  const aiming = useSignal(false);
  const isDown = useSignal(false);
  useEffect(() => {
    const run = begin({ stage, exhibit, video: video.current, overlay: overlay.current, xr, leave });
    around.current = run.around;
    void run.camera.then((on) => {
      camera.value = on ? "on" : "refused";
    });
    let said_ms = 0;
    stage.alone(false);
    stage.start((dt_s) => {
      const seen = run.around.step(dt_s, here.value);
      if (label.current) point(label.current, stage, seen);
      if (performance.now() - said_ms < SAY_MS) return;
      said_ms = performance.now();
      told.value = { seen, oriented: run.around.orientation.oriented };
    });
    covered.value = true;
    return () => {
      covered.value = false;
      run.end();
    };
  }, []);
  return (
    <>
      <video ref={video} class="ar-video" playsInline muted hidden={camera.value !== "on"} />
      <div ref={overlay} class="ar-over">
        <div ref={label} class="ar-label" hidden>
          <span class="ar-name">{exhibit.title}</span>
        </div>
        {aiming.value && <div class="ar-cross" aria-hidden="true" />}
        <div class="ar-sheet">
          <Say told={told.value} stop={stop} camera={camera.value} isDown={isDown.value} />
          {aiming.value && <Aim stop={stop} around={around} done={() => (aiming.value = false)} />}
          <div class="row">
            <button
              type="button"
              onClick={() => {
                isDown.value = !isDown.value;
                around.current?.setDown(isDown.value);
              }}
            >
              {isDown.value ? say("放回原处", "Back in its place") : say("放到我面前", "Put it before me")}
            </button>
            {!aiming.value && here.value && told.value.seen && (
              <button type="button" onClick={() => (aiming.value = true)}>
                {say("校准方向", "Correct the direction")}
              </button>
            )}
            <button type="button" class="primary" onClick={leave}>
              {say("退出实景", "Leave")}
            </button>
          </div>
        </div>
      </div>
    </>
  );
}

interface Begin {
  stage: Stage;
  exhibit: Exhibit;
  video: HTMLVideoElement | null;
  overlay: HTMLElement | null;
  xr: boolean;
  leave: () => void;
}

/** Asks for what is needed, each thing by itself: what is refused is missed, and the rest goes on. */
function begin({ stage, exhibit, video, overlay, xr, leave }: Begin) {
  const { lat, lon, h } = exhibit.geopose.position;
  // A height above the ellipsoid says nothing without the ground's, and nobody has measured that: it stands on the ground.
  const above_ground_m = exhibit.height_datum === "ground" ? h : 0;
  const picture = () =>
    video?.videoWidth
      ? { width: video.videoWidth, height: video.videoHeight }
      : { width: stage.canvas.clientWidth, height: stage.canvas.clientHeight };
  const around = new Around(stage, { lat, lon, above_ground_m }, picture);
  let stream: MediaStream | null = null;
  let session: XRSession | null = null;
  let ended = false;
  if (positioning.value !== "on") follow();
  const orient = mayOrient();
  const camera = orient.then(async () => {
    if (xr) {
      session = await startXr(stage, overlay, leave).catch(() => null);
      if (session) return true;
    }
    stream = await openCamera();
    if (ended) for (const track of stream?.getTracks() ?? []) track.stop();
    if (!stream || !video || ended) return false;
    video.srcObject = stream;
    await video.play().catch(() => undefined);
    return true;
  });
  return {
    around,
    camera,
    end: () => {
      ended = true;
      around.stop();
      void session?.end().catch(() => undefined);
      stage.renderer.xr.enabled = false;
      for (const track of stream?.getTracks() ?? []) track.stop();
    },
  };
}

function openCamera(): Promise<MediaStream | null> {
  const asked = navigator.mediaDevices?.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  return asked?.catch(() => null) ?? Promise.resolve(null);
}

async function startXr(
  stage: Stage,
  overlay: HTMLElement | null,
  leave: () => void,
): Promise<XRSession | null> {
  const session = await navigator.xr?.requestSession("immersive-ar", {
    requiredFeatures: ["local-floor"],
    optionalFeatures: ["dom-overlay"],
    ...(overlay ? { domOverlay: { root: overlay } } : {}),
  });
  if (!session) return null;
  stage.renderer.xr.enabled = true;
  stage.renderer.xr.setReferenceSpaceType("local-floor");
  await stage.renderer.xr.setSession(session);
  session.addEventListener("end", leave);
  return session;
}

/** The name where the thing stands; where exactly is told to who looks at the page from outside. */
function point(label: HTMLElement, { canvas, camera }: Stage, seen: Seen | null) {
  const inside = seen?.ahead === true && Math.abs(seen.x) <= 1 && Math.abs(seen.y) <= 1;
  label.hidden = !inside;
  if (!seen) return;
  const x = ((seen.x + 1) / 2) * canvas.clientWidth;
  const y = ((1 - seen.y) / 2) * canvas.clientHeight;
  label.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  Object.assign(label.dataset, {
    x: x.toFixed(2),
    y: y.toFixed(2),
    ahead: String(seen.ahead),
    distance: seen.distance_m.toFixed(3),
    turn: seen.turn_deg.toFixed(2),
    fov: camera.fov.toFixed(3),
  });
}
