// The head of the page: its name, the live line, printing, language, and who is signed in.
import { lang, say } from "../shared/i18n";
import { LangSwitch } from "../shared/LangSwitch";
import { SignIn } from "../shared/SignIn";
import { session, signOut } from "../shared/session";
import { momentText } from "./days";
import { type How, live } from "./live";
import { trouble } from "./state";

const howText = (how: How) =>
  ({
    waiting: say("正在等待今天的数字", "Waiting for today’s figures"),
    pushed: say("实时更新", "Live"),
    asked: say("每15秒更新", "Updated every 15 seconds"),
    lost: say("连接中断，正在重试", "Connection lost, trying again"),
    paused: say("页面不在前台，已暂停", "Paused while the page is hidden"),
  })[how];

/** Says how old today's figures are. It changes often, so it is not read out by itself. */
function LiveLine() {
  const { how, atMs } = live.value;
  return (
    <p class="live" data-how={how}>
      <span class={how === "lost" ? "doubt" : "good"} aria-hidden="true">
        {how === "lost" ? "△" : how === "paused" ? "‖" : "●"}
      </span>{" "}
      {howText(how)}
      {atMs !== null && (
        <>
          {" · "}
          {say("最近一次数字来自 ", "last figure at ")}
          <time dateTime={new Date(atMs).toISOString()}>{momentText(atMs, lang.value, false)}</time>
        </>
      )}
    </p>
  );
}

function Account() {
  const who = session.value;
  if (!who) {
    return (
      <details class="account">
        <summary class="button">{say("登录看精确数字", "Sign in for exact figures")}</summary>
        <div class="card">
          <SignIn />
        </div>
      </details>
    );
  }
  const end = () =>
    signOut().catch((error) => {
      trouble.value = error;
    });
  return (
    <div class="account signed-in">
      <p>
        {say("已登录：", "Signed in: ")}
        <bdi>{who.name}</bdi>
        {who.role === "designer" && (
          <span class="doubt">
            {say("（设计师密钥看不到精确数字）", " (a designer’s key sees no exact figures)")}
          </span>
        )}
      </p>
      <button type="button" onClick={end}>
        {say("退出", "Sign out")}
      </button>
    </div>
  );
}

export function Head({ printable }: { printable: boolean }) {
  return (
    <header class="head">
      <div>
        <h1>{say("参与情况", "Participation")}</h1>
        <LiveLine />
      </div>
      <div class="tools">
        <button type="button" disabled={!printable} onClick={() => window.print()}>
          {say("打印一页 A4", "Print one A4 page")}
        </button>
        <LangSwitch />
        <Account />
      </div>
    </header>
  );
}
