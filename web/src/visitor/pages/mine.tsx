// "My data": what is kept on this phone and on the server, and how to erase it.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, get, Refused, type Schemas } from "../../shared/api";
import { hostsOf, loadGround, tiles } from "../../shared/ground";
import { say } from "../../shared/i18n";
import { Fate } from "../check-in";
import { alone, shelves, tellKeptChange } from "../kept";
import { token } from "../participant";
import { Title } from "../parts";
import { checkIns, waiting } from "../queue";
import { savesData } from "../taking";
import { when } from "../words";

type Server = { state: "asking" | "nobody" | "unreached" } | { state: "known"; me: Schemas["Me"] };

export function Mine() {
  return (
    <>
      <Title>{say("我的数据", "My data")}</Title>
      <p>
        {say(
          "没有账号，没有姓名，没有电话。手机第一次打卡时得到一个随机编号，打卡记在这个编号下：哪一站、什么时候、离得多近；不记经纬度。隔了主办方定的期限（没有另定就是 90 天）没有新的打卡，这些打卡就不再连在一个编号下，只算在人数里。",
          "No account, no name, no phone number. With the first check-in this phone gets a random number; check-ins are kept under it: which stop, when, how near. No coordinates are kept. When there has been no new one for as long as the organiser has set (90 days unless said otherwise), they are no longer kept under one number and are only counted.",
        )}
      </p>
      <Elsewhere />
      <OnServer />
      <OnPhone />
      <Erase />
    </>
  );
}

/** Who else learns something: only where the operator has chosen map tiles from elsewhere. */
function Elsewhere() {
  useEffect(loadGround, []);
  const hosts = tiles.value && !savesData() ? hostsOf(tiles.value) : [];
  if (hosts.length === 0) return null;
  return (
    <p>
      {say(
        `地图的底图来自 ${hosts.join("、")}：看地图时，那里知道这部手机的网络地址和看的是哪一块。打开手机的省流量模式，就不去取底图。`,
        `The ground of the maps comes from ${hosts.join(", ")}: whoever runs it learns this phone's network address and which part of the map is looked at. With the phone's data saver on, it is not asked.`,
      )}
    </p>
  );
}

function OnServer() {
  const server = useSignal<Server>({ state: "asking" });
  useSignalEffect(() => {
    // Asked anew whenever a check-in has been settled.
    void checkIns.value;
    void askServer().then((answer) => {
      server.value = answer;
    });
  });
  const now = server.value;
  return (
    <section class="card">
      <h2>{say("在服务器上", "On the server")}</h2>
      {now.state === "asking" && <p role="status">{say("正在询问……", "Asking …")}</p>}
      {now.state === "nobody" && (
        <p>{say("什么也没有：这部手机还没有打过卡。", "Nothing: this phone has not checked in yet.")}</p>
      )}
      {now.state === "unreached" && (
        <p>
          {say(
            "现在连不上服务器，有网时再看。",
            "The server cannot be reached now; look again when there is a network.",
          )}
        </p>
      )}
      {now.state === "known" && (
        <dl class="about">
          <dt>{say("编号", "Number")}</dt>
          <dd>
            <code>{now.me.participant_id}</code>
          </dd>
          <dt>{say("建立于", "Made")}</dt>
          <dd>{when(now.me.created_at)}</dd>
          <dt>{say("打卡", "Check-ins")}</dt>
          <dd>
            {say(
              `${now.me.check_ins} 次，在 ${now.me.waypoints} 个站点`,
              `${now.me.check_ins}, at ${now.me.waypoints} stop${now.me.waypoints === 1 ? "" : "s"}`,
            )}
          </dd>
        </dl>
      )}
    </section>
  );
}

async function askServer(): Promise<Server> {
  try {
    const bearer = await token();
    if (!bearer) return { state: "nobody" };
    return { state: "known", me: await get<Schemas["Me"]>("/v1/me", { token: bearer }) };
  } catch (error) {
    return { state: error instanceof Refused && error.problem.status === 401 ? "nobody" : "unreached" };
  }
}

function OnPhone() {
  const items = checkIns.value;
  return (
    <section class="card">
      <h2>{say("在这部手机里", "On this phone")}</h2>
      {waiting.value > 0 && (
        <p class="doubt">
          …{" "}
          {say(
            `${waiting.value} 次打卡等待发送，有网络时自动发送。`,
            `${waiting.value} waiting to be sent; that happens by itself.`,
          )}
        </p>
      )}
      {items.length === 0 ? (
        <p>{say("还没有打卡。", "No check-ins yet.")}</p>
      ) : (
        <ul class="mine">
          {items.map((item) => (
            <li key={item.id}>
              <a class="mine-link clip" href={`#/r/${item.waypoint}`}>
                {item.title}
              </a>
              <Fate item={item} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Erase() {
  const step = useSignal<"rest" | "sure" | "busy" | "done" | "unreached">("rest");
  const erase = async () => {
    step.value = "busy";
    step.value = await eraseAll().then(
      () => "done" as const,
      () => "unreached" as const,
    );
  };
  return (
    <section class="card">
      <h2>{say("删除", "Erase")}</h2>
      <p>
        {say(
          "编号、打卡、答题和进度都会从服务器和这部手机里删掉，不能恢复。等待发送的打卡也不会再发送。",
          "The number, the check-ins, answers and progress are erased on the server and on this phone for good. Check-ins that wait are not sent any more.",
        )}
      </p>
      {step.value === "rest" || step.value === "done" || step.value === "unreached" ? (
        <button type="button" onClick={() => (step.value = "sure")}>
          {say("删除我的数据", "Erase my data")}
        </button>
      ) : (
        <div class="row">
          <button type="button" class="primary" disabled={step.value === "busy"} onClick={() => void erase()}>
            {say("确定删除", "Yes, erase")}
          </button>
          <button type="button" disabled={step.value === "busy"} onClick={() => (step.value = "rest")}>
            {say("不删", "No, keep it")}
          </button>
        </div>
      )}
      <div role="status">
        {step.value === "done" && <p class="good">✓ {say("已经删除。", "Erased.")}</p>}
        {step.value === "unreached" && (
          <p class="bad">
            ✕{" "}
            {say(
              "现在连不上服务器，什么也没有删。有网时再试。",
              "The server cannot be reached, so nothing was erased. Try again with a network.",
            )}
          </p>
        )}
      </div>
    </section>
  );
}

/** On the server first: while that fails the phone still holds the token that can do it. No check-in is sent meanwhile. */
function eraseAll(): Promise<void> {
  return alone("flush", async () => {
    const bearer = await token();
    if (bearer) {
      await ask("/v1/me", { method: "DELETE", token: bearer }).catch((error) => {
        // Already erased there.
        if (!(error instanceof Refused && error.problem.status === 401)) throw error;
      });
    }
    const names = ["participant", "checkIns", "visits", "answers"] as const;
    const transaction = (await shelves()).transaction(names, "readwrite");
    await Promise.all([...names.map((name) => transaction.objectStore(name).clear()), transaction.done]);
    tellKeptChange();
  });
}
