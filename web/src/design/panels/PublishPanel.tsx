// What would change for visitors, what is still wrong, and the button that does it: now, or at a time.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Schemas } from "../../shared/api";
import { say } from "../../shared/i18n";
import { call, routePath } from "../call";
import { announced, currentEtag, frozen, panel, reload, route, save, status } from "../store";
import { mistake } from "../words/mistakes";
import { ruleName } from "../words/rules";
import { useAsked } from "./asked";
import { DiffList, isEmpty } from "./DiffList";

export function PublishPanel() {
  const name = route.value ?? "";
  const diff = useAsked<Schemas["Diff"]>(routePath(name, "/diff")).value;
  const lint = useAsked<Schemas["LintReport"]>(routePath(name, "/lint")).value;
  const said = useSignal("");
  const problem = diff.problem ?? lint.problem;
  if (problem) {
    return (
      <p class="bad" role="alert">
        {problem}
      </p>
    );
  }
  if (!diff.value || !lint.value) return <p role="status">{say("正在比较……", "Comparing …")}</p>;
  return (
    <>
      {said.value && (
        <p class="good" role="status">
          {said.value}
        </p>
      )}
      <Scheduled />
      <h3>{say("游客会看到的变化", "What changes for visitors")}</h3>
      <DiffList diff={diff.value} />
      {lint.value.errors > 0 && (
        <p class="bad">
          {say(
            `还有 ${lint.value.errors} 处错误，改好才能发布。`,
            `${lint.value.errors} errors are left; they block a publication.`,
          )}{" "}
          <button type="button" onClick={() => (panel.value = "lint")}>
            {say("去看", "Show them")}
          </button>
        </p>
      )}
      {!frozen.value && !isEmpty(diff.value) && lint.value.errors === 0 && (
        <Release lint={lint.value} onDone={(words) => (said.value = words)} />
      )}
    </>
  );
}

function Scheduled() {
  const problem = useSignal("");
  const schedule = status.value?.schedule;
  if (!schedule) return null;
  const cancel = async () => {
    try {
      await call(routePath(route.value ?? "", "/schedule"), { method: "DELETE" });
      await reload();
    } catch (error) {
      problem.value = mistake(error);
    }
  };
  const at = new Date(schedule.at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
  return (
    <div class="card">
      <p class={schedule.failure ? "bad" : "doubt"}>
        {schedule.failure
          ? say(`${at} 的定时发布没有成功。`, `The publication of ${at} did not happen.`)
          : say(
              `将在 ${at}（北京时间）发布，由 ${schedule.by} 设定。`,
              `To be published at ${at} (Beijing time), set by ${schedule.by}.`,
            )}
      </p>
      {schedule.failure && (
        <p class="small" lang="en">
          {schedule.failure}
        </p>
      )}
      <button type="button" onClick={cancel}>
        {say("取消定时", "Take the time back")}
      </button>
      <p class="bad" role="alert">
        {problem.value}
      </p>
    </div>
  );
}

function Release({ lint, onDone }: { lint: Schemas["LintReport"]; onDone: (words: string) => void }) {
  const id = useId();
  const [known, note, at, problem, busy] = [
    useSignal<string[]>([]),
    useSignal(""),
    useSignal(""),
    useSignal(""),
    useSignal(false),
  ];
  const asked = Object.entries(lint.to_acknowledge);
  const left = asked.filter(([rule]) => !known.value.includes(rule)).length;
  const send = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    problem.value = "";
    try {
      if (await save()) onDone(await release(at.value, note.value, known.value));
    } catch (error) {
      problem.value = mistake(error);
    }
    busy.value = false;
  };
  return (
    <form class="stack" onSubmit={send}>
      <Known asked={asked} known={known} />
      <label for={`${id}n`}>{say("这次改了什么（写进历史）", "What is new (kept in the history)")}</label>
      <input
        id={`${id}n`}
        maxLength={1000}
        value={note.value}
        onInput={(event) => (note.value = event.currentTarget.value)}
      />
      <label for={`${id}t`}>
        {say("定时（北京时间；不填就现在发布）", "At a time (Beijing; empty means now)")}
      </label>
      <input
        id={`${id}t`}
        type="datetime-local"
        value={at.value}
        onInput={(event) => (at.value = event.currentTarget.value)}
      />
      {left > 0 && (
        <p class="doubt">{say(`还有 ${left} 条提醒没有勾选。`, `${left} warnings are not ticked yet.`)}</p>
      )}
      <p class="bad" role="alert">
        {problem.value}
      </p>
      <button type="submit" class="primary" disabled={left > 0 || busy.value}>
        {at.value ? say("定时发布", "Set the time") : say("现在发布", "Publish now")}
      </button>
    </form>
  );
}

/** New warnings, each to be ticked by name. */
function Known({ asked, known }: { asked: [string, number][]; known: { value: string[] } }) {
  if (asked.length === 0) return null;
  const turn = (rule: string) => {
    const has = known.value.includes(rule);
    known.value = has ? known.value.filter((one) => one !== rule) : [...known.value, rule];
  };
  return (
    <fieldset>
      <legend>
        {say("新的提醒：请改好，或逐条勾选“知道了”", "New warnings: mend them, or tick each as known")}
      </legend>
      {asked.map(([rule, count]) => (
        <label key={rule} class="tick">
          <input type="checkbox" checked={known.value.includes(rule)} onChange={() => turn(rule)} />
          {`${ruleName(rule)} (${count})`}
        </label>
      ))}
    </fieldset>
  );
}

async function release(at: string, note: string, acknowledge: string[]): Promise<string> {
  const name = route.value ?? "";
  const headers = { "if-match": currentEtag() };
  const body = { note, acknowledge };
  let words = say("时间已定好。", "The time is set.");
  if (at) {
    await call(routePath(name, "/schedule"), {
      method: "PUT",
      headers,
      body: { ...body, at: `${at}:00+08:00` },
    });
  } else {
    const { value } = await call<Schemas["Released"]>(routePath(name, "/publish"), {
      method: "POST",
      headers,
      body,
    });
    words = say(
      `已发布为第 ${value.revision} 版，${value.changed} 个站点有变化。游客现在就能看到。`,
      `Published as revision ${value.revision}, with ${value.changed} stops changed. Visitors see it now.`,
    );
  }
  await reload();
  announced.value = words;
  return words;
}
