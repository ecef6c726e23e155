// Which of three things is shown: the sign-in, the list of routes, or one route. A session that ends under open work keeps that work.
import { useEffect } from "preact/hooks";
import { lang, say } from "../shared/i18n";
import { LangSwitch } from "../shared/LangSwitch";
import { SignIn } from "../shared/SignIn";
import { session } from "../shared/session";
import { Editor } from "./Editor";
import { RouteList } from "./RouteList";
import { announced, content, route, save, saving } from "./store";

export function App() {
  useTitle();
  useLeaveWarning();
  const signedIn = session.value !== null;
  return (
    <div class={signedIn && content.value ? "page full" : "page"}>
      <p class="hidden-but-read" role="status">
        {announced.value}
      </p>
      {!signedIn && <Door />}
      {signedIn && !content.value && <RouteList />}
      {content.value && (
        <div class="keeps" hidden={!signedIn}>
          <Editor />
        </div>
      )}
    </div>
  );
}

function Door() {
  return (
    <main class="narrow">
      <header class="row between">
        <h1>{say("路线设计", "Route design")}</h1>
        <LangSwitch />
      </header>
      <p>
        {say(
          "用管理员发给您的密钥登录，就能在地图上画站点、写内容、发布路线。",
          "Sign in with the key that an administrator gave you, to put stops on the map, write their texts and publish.",
        )}
      </p>
      {content.value && (
        <p class="doubt" role="alert">
          {say(
            "登录已过期。没存完的改动还在，登录后接着保存。",
            "Your session has ended. Unsaved changes are kept and saved once you sign in.",
          )}
        </p>
      )}
      <SignIn />
    </main>
  );
}

function useTitle() {
  useEffect(() => {
    document.title = `${say("路线设计", "Route design")} · studyroute`;
  }, [lang.value, route.value]);
  useEffect(() => {
    if (session.value && saving.value === "refused") save();
  }, [session.value]);
}

function useLeaveWarning() {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (saving.value !== "saved") event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);
}
