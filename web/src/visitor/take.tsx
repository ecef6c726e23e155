// The part of a route's page that takes it along: what it weighs, how far it has come, what is on the phone.
import { useSignal, useSignalEffect } from "@preact/signals";
import { say } from "../shared/i18n";
import type { RouteDetail, Waypoint } from "./content";
import { bytesToFetch, canTake, files, leaveBehind, savesData, take, taken, taking } from "./taking";
import { size, when } from "./words";

interface Props {
  detail: RouteDetail;
  items: Waypoint[];
}

export function TakeAlong({ detail, items }: Props) {
  const reduced = useSignal(savesData());
  const now = taking.value;
  const mine = now.state !== "rest" && now.route === detail.id ? now : null;
  const kept = taken.value.get(detail.id);
  return (
    <section class="card take">
      <h2>{say("把路线带在身上", "Take this route with me")}</h2>
      {!canTake() ? (
        <p>
          {say(
            "这个浏览器现在不能把路线存进手机（需要 HTTPS 地址；第一次打开时请稍等再看）。",
            "This browser cannot keep the route now (it needs an HTTPS address; on the first visit, wait a moment).",
          )}
        </p>
      ) : mine?.state === "busy" ? (
        <Progress done={mine.done} total={mine.total} />
      ) : (
        <>
          {kept && kept.revision >= detail.revision ? (
            <p class="good">
              ✓{" "}
              {say(
                `已在手机里（${size(kept.bytes)}，${when(kept.at)}）。没有网络也能走完全程。`,
                `On this phone (${size(kept.bytes)}, ${when(kept.at)}). The whole route works without a network.`,
              )}
            </p>
          ) : (
            <Offer detail={detail} items={items} reduced={reduced} isUpdate={kept !== undefined} />
          )}
          {kept && (
            <button type="button" onClick={() => void leaveBehind(detail.id)}>
              {say("从手机里删掉", "Remove from this phone")}
            </button>
          )}
        </>
      )}
      <div role="status">{mine?.state === "broken" && <Broken why={mine.why} />}</div>
    </section>
  );
}

function Offer({
  detail,
  items,
  reduced,
  isUpdate,
}: Props & { reduced: { value: boolean }; isUpdate: boolean }) {
  const bytes = useSignal<number | null>(null);
  useSignalEffect(() => {
    void taking.value;
    void bytesToFetch(items, reduced.value).then(
      (sum) => {
        bytes.value = sum;
      },
      () => undefined,
    );
  });
  const hasTwo = files(items, true).some(({ role }) => role === "reduced");
  return (
    <>
      <p>
        {isUpdate
          ? say("路线有了新内容；只下载变了的部分。", "There is new content; only what changed is fetched.")
          : say(
              "文字、图片和模型都存进手机，没有网络也能走完全程。",
              "Texts, pictures and models go onto the phone, and the whole route works without a network.",
            )}
        {bytes.value !== null && (
          <strong> {say(`最多约 ${size(bytes.value)}。`, `At most about ${size(bytes.value)}.`)}</strong>
        )}
      </p>
      {hasTwo && (
        <label class="choice">
          <input
            type="checkbox"
            checked={reduced.value}
            onChange={(event) => {
              reduced.value = event.currentTarget.checked;
            }}
          />
          <span>{say("省流量：取简化的模型", "Save data: simpler models")}</span>
        </label>
      )}
      <button type="button" class="primary" onClick={() => void take(detail, items, reduced.value)}>
        {taking.value.state === "broken"
          ? say("接着下载", "Go on")
          : isUpdate
            ? say("更新", "Update")
            : say("存进手机", "Take it along")}
      </button>
    </>
  );
}

function Progress({ done, total }: { done: number; total: number }) {
  return (
    <div class="progress">
      <label for="taking">
        {say(`正在存进手机：${done} / ${total}`, `Taking it along: ${done} of ${total}`)}
      </label>
      <progress id="taking" value={done} max={total} />
    </div>
  );
}

function Broken({ why }: { why: "network" | "storage" | "server" }) {
  switch (why) {
    case "storage":
      return (
        <p class="bad">
          ✕{" "}
          {say(
            "手机的存储满了。清出一些空间再接着下载。",
            "The phone's storage is full. Free some space and go on.",
          )}
        </p>
      );
    case "network":
      return (
        <p class="doubt">
          …{" "}
          {say(
            "网络断了。有网时接着下载，已有的不会重来。",
            "The network broke off. Go on when it is back; what is here is not fetched again.",
          )}
        </p>
      );
    case "server":
      return (
        <p class="doubt">
          …{" "}
          {say(
            "服务器没有给出全部内容，过一会儿再试。",
            "The server did not give everything; try again in a while.",
          )}
        </p>
      );
  }
}
