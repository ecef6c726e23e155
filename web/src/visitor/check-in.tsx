// The check-in at a stop: what the position says, honestly, before one presses; what became of it after.
import { useSignal } from "@preact/signals";
import { metres, say } from "../shared/i18n";
import type { Waypoint } from "./content";
import { type Presence, presence, type Zone } from "./geo";
import type { KeptCheckIn } from "./kept";
import { AskPosition } from "./parts";
import { here, otherwise, takeOtherwise } from "./position";
import { checkIn, checkIns, held } from "./queue";
import { refusal, when } from "./words";

export function CheckIn({ stop }: { stop: Waypoint }) {
  const failed = useSignal(false);
  const busy = useSignal(false);
  const fix = here.value;
  const state = fix && presence(stop.zone as Zone, stop.position, fix);
  const last = checkIns.value.find((item) => item.waypoint === stop.id);

  const press = async () => {
    if (!fix) return;
    busy.value = true;
    failed.value = await checkIn(stop.id, stop.title, fix).then(
      () => false,
      () => true,
    );
    busy.value = false;
  };
  return (
    <section class="check-in" aria-label={say("打卡", "Check-in")}>
      {state ? (
        <Where state={state} accuracy_m={fix.accuracy_m} radius_m={stop.zone.radius_m} />
      ) : (
        <AskPosition />
      )}
      {state && (
        <button
          type="button"
          class="primary wide"
          disabled={busy.value || state.state === "outside" || last?.state === "waiting"}
          onClick={() => void press()}
        >
          {last?.state === "kept" ? say("再打卡一次", "Check in again") : say("打卡", "Check in")}
        </button>
      )}
      {state?.state === "outside" && <Shifted stop={stop} />}
      <div role="status">
        {failed.value && (
          <p class="bad">
            ✕{" "}
            {say(
              "没有记下来：手机的存储满了，或者浏览器不允许保存。请清出一些空间，或关闭无痕模式，再打卡。",
              "Not recorded: the phone's storage is full, or the browser may not keep anything. Free some space or leave private mode, then check in again.",
            )}
          </p>
        )}
        {last && <Fate item={last} />}
      </div>
    </section>
  );
}

function Where({ state, accuracy_m, radius_m }: { state: Presence; accuracy_m: number; radius_m: number }) {
  const within = say(
    `定位误差约 ${metres(accuracy_m)}`,
    `Your position is good to about ${metres(accuracy_m)}`,
  );
  const zone = say(`范围 ${metres(radius_m)}`, `the zone reaches ${metres(radius_m)}`);
  switch (state.state) {
    case "inside":
      return (
        <p class="good where" data-state="inside">
          <strong>● {say("你在这一站的范围内", "You are at this stop")}</strong>
          <small>
            {within}
            {say("，", "; ")}
            {zone}
          </small>
        </p>
      );
    case "uncertain":
      return (
        <p class="doubt where" data-state="uncertain">
          <strong>◐ {say("我们不能确定", "We are not sure")}</strong>
          <small>
            {say(
              `${within}。走到空旷处等一等，或请老师看一看；现在打卡也算数，会注明“不确定”。`,
              `${within}. Step into the open and wait, or show the teacher. You may check in now: it counts, marked as uncertain.`,
            )}
          </small>
        </p>
      );
    case "outside":
      return (
        <p class="bad where" data-state="outside">
          <strong>○ {say(`在范围外 ${metres(state.by_m)}`, `You are ${metres(state.by_m)} outside`)}</strong>
          <small>
            {say("再走近一些就能打卡。", "Come nearer to check in. ")}
            {within}
            {say("，", "; ")}
            {zone}
          </small>
        </p>
      );
  }
}

/** Read in the other reference system the position would lie here: the visitor, who knows where they stand, decides. */
function Shifted({ stop }: { stop: Waypoint }) {
  const other = otherwise.value;
  if (!other || presence(stop.zone as Zone, stop.position, other).state !== "inside") return null;
  return (
    <div class="card shifted">
      <p>
        {say(
          "你就站在这里吗？有些手机报的位置会偏几百米（国内地图的坐标系）。纠正以后，你就在这一站的范围内。",
          "Are you standing right here? Some phones report positions that are some hundred metres off (the system of Chinese maps). Corrected, you are at this stop.",
        )}
      </p>
      <button type="button" onClick={takeOtherwise}>
        {say("我就在这里，纠正偏移", "I am here: correct the shift")}
      </button>
    </div>
  );
}

/** What became of a check-in. */
export function Fate({ item }: { item: KeptCheckIn }) {
  if (item.state === "waiting") {
    return (
      <p class="doubt" data-fate="waiting">
        …{" "}
        {say(
          `已记在手机里（${when(item.occurred_at)}），`,
          `Recorded on this phone (${when(item.occurred_at)}), `,
        )}
        {held.value === "server"
          ? say("服务器正忙，过一会儿自动发送。", "the server is busy; it is sent by itself in a while.")
          : held.value === "network"
            ? say("有网络时自动发送。", "sent by itself when there is a network.")
            : say("正在发送。", "being sent.")}
      </p>
    );
  }
  if (item.state === "kept") {
    return (
      <p class="good" data-fate="kept">
        ✓ {say(`打卡成功（${when(item.occurred_at)}）`, `Checked in (${when(item.occurred_at)})`)}
        {item.verdict === "uncertain" && say("，注明“不确定”", ", marked as uncertain")}
      </p>
    );
  }
  return (
    <p class="bad" data-fate="refused">
      ✕ {say(`没有算上（${when(item.occurred_at)}）：`, `Not counted (${when(item.occurred_at)}): `)}
      {item.problem && refusal(item.problem)}
    </p>
  );
}
