// What the visitor is told while an exhibit is around: where it is, what is missing, and how to correct the compass.
import { useRef } from "preact/hooks";
import { metres, say } from "../../shared/i18n";
import { type WaypointDetail, waypoints } from "../content";
import { distanceM } from "../geo";
import { here } from "../position";
import type { Around } from "./around";
import type { Seen } from "./place";

/** Farther away nothing of a few metres is seen. */
const FAR_M = 200;

export interface Told {
  seen: Seen | null;
  oriented: boolean;
}

export function Say({
  told: { seen, oriented },
  stop,
  camera,
  isDown,
}: {
  told: Told;
  stop: WaypointDetail;
  camera: "asking" | "on" | "refused";
  isDown: boolean;
}) {
  const precision = Math.round(stop.coordinate.precision_m);
  return (
    <div class="ar-say">
      {seen && <Way seen={seen} />}
      <div aria-live="polite">
        {!seen && !oriented && (
          <p>
            {say(
              "还没有收到手机的方向。没有方向传感器的设备，请退出用手指转着看。",
              "No direction from this device yet. Without such a sensor, leave and turn it by finger.",
            )}
          </p>
        )}
        {!seen && oriented && !here.value && (
          <p>
            {say("还没有位置。等一等，或者把它放到你面前。", "No position yet. Wait, or put it before you.")}
          </p>
        )}
        {seen && !isDown && !oriented && (
          <p>
            {say(
              "手机没有指南针，方向还是猜的。请用“校准方向”对准一个看得见的地方。",
              "This phone has no compass; the direction is a guess. Correct it by pointing at a place you can see.",
            )}
          </p>
        )}
        {camera === "refused" && (
          <p>{say("没有相机画面，只显示方位。", "No camera picture; only the directions are shown.")}</p>
        )}
        {seen && !isDown && precision > 20 && (
          <p>
            {say(
              `这一站的位置只准到约 ${precision} 米，展品不一定正好在原处。`,
              `This stop's position is good to about ${precision} m only, so the exhibit may not stand on the very spot.`,
            )}
          </p>
        )}
      </div>
    </div>
  );
}

function Way({ seen }: { seen: Seen }) {
  const turn = Math.round(seen.turn_deg / 5) * 5;
  const inside = seen.ahead && Math.abs(seen.x) <= 1;
  const away = metres(seen.distance_m);
  return (
    <p class="ar-way" data-arrow={inside ? "ahead" : turn < 0 ? "left" : "right"}>
      <strong>
        {inside
          ? say(`↑ 就在前面，${away}`, `↑ Ahead, ${away}`)
          : turn < 0
            ? say(`← 向左转 ${-turn}°，${away}`, `← Turn ${-turn}° left, ${away}`)
            : say(`→ 向右转 ${turn}°，${away}`, `→ Turn ${turn}° right, ${away}`)}
      </strong>
      {seen.distance_m > FAR_M && (
        <small>
          {say("太远了，看不清；可以先把它放到面前。", "Too far to be seen; put it before you for now.")}
        </small>
      )}
    </p>
  );
}

export function Aim({
  stop,
  around,
  done,
}: {
  stop: WaypointDetail;
  around: { current: Around | null };
  done: () => void;
}) {
  const chosen = useRef<HTMLSelectElement>(null);
  const fix = here.value;
  const all = waypoints(stop.route);
  if (!fix || all.state !== "here") return null;
  const marks = all.value
    .map((one) => ({ one, away: distanceM(fix, one.position) }))
    .filter(({ away }) => away > 30)
    .sort((a, b) => a.away - b.away)
    .slice(0, 8);
  return (
    <div class="ar-aim">
      <label>
        {say(
          "选一个你看得见的地方，转到它在画面正中：",
          "Choose a place you can see and turn until it is in the middle:",
        )}
        <select ref={chosen}>
          {marks.map(({ one, away }) => (
            <option key={one.id} value={one.id}>
              {one.title.slice(0, 40)} · {metres(away)}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        onClick={() => {
          const mark = marks.find(({ one }) => one.id === chosen.current?.value);
          if (mark) around.current?.calibrate(fix, mark.one.position);
          done();
        }}
      >
        {say("对准了", "It is in the middle")}
      </button>
    </div>
  );
}
