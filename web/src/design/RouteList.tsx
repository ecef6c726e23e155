// All routes that the key may edit, and the form for a new one.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { say, shown } from "../shared/i18n";
import { Account } from "./Account";
import { call, routePath } from "./call";
import { slugOf } from "./model";
import { loadRoutes, open, routes, trouble } from "./store";
import { mistake } from "./words/mistakes";

export function RouteList() {
  useEffect(() => {
    loadRoutes().catch((error) => {
      trouble.value = mistake(error);
    });
  }, []);
  const enter = (id: string) =>
    open(id).catch((error) => {
      trouble.value = mistake(error);
    });
  return (
    <main class="narrow">
      <header class="row between">
        <h1>{say("我的路线", "My routes")}</h1>
        <Account />
      </header>
      {trouble.value && (
        <p class="bad" role="alert">
          {trouble.value}
        </p>
      )}
      {routes.value === null && <p>{say("正在读取……", "Loading …")}</p>}
      {routes.value?.length === 0 && (
        <p>{say("还没有路线，先建一条吧。", "No route yet. Make the first.")}</p>
      )}
      <ul class="plain">
        {routes.value?.map((one) => (
          <li key={one.id}>
            <button type="button" class="card route" onClick={() => enter(one.id)}>
              <strong class="clip2">{shown(one.title) || one.id}</strong>
              <span class="soft">{standing(one)}</span>
            </button>
          </li>
        ))}
      </ul>
      <NewRoute onMade={enter} />
    </main>
  );
}

function standing(one: NonNullable<typeof routes.value>[number]): string {
  const words = [one.published ? say("已发布", "published") : say("未发布", "not published")];
  if (one.draft) words.push(say("有未发布的改动", "has changes to publish"));
  if (one.schedule) words.push(say("已定时发布", "publication is scheduled"));
  return words.join(" · ");
}

function NewRoute({ onMade }: { onMade: (id: string) => void }) {
  const id = useId();
  const [zh, en, slug, problem] = [useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const name = slug.value || slugOf(en.value);
  const make = async (event: Event) => {
    event.preventDefault();
    const title = { ...(zh.value && { "zh-CN": zh.value }), ...(en.value && { en: en.value }) };
    const headers = { "if-none-match": "*" };
    try {
      await call(routePath(name, "/draft"), { method: "PUT", body: { title, waypoints: [] }, headers });
      onMade(name);
    } catch (error) {
      problem.value = mistake(error);
    }
  };
  return (
    <details class="card">
      <summary>{say("新建路线", "New route")}</summary>
      <form class="stack" onSubmit={make}>
        <label for={`${id}zh`}>{say("中文名称", "Name in Chinese")}</label>
        <input
          id={`${id}zh`}
          lang="zh-CN"
          required
          value={zh.value}
          onInput={(e) => (zh.value = e.currentTarget.value)}
        />
        <label for={`${id}en`}>{say("英文名称", "Name in English")}</label>
        <input
          id={`${id}en`}
          lang="en"
          required
          value={en.value}
          onInput={(e) => (en.value = e.currentTarget.value)}
        />
        <label for={`${id}slug`}>
          {say(
            "网址名（小写字母、数字、连字符；以后不能改）",
            "Name in addresses (a–z, 0–9, hyphens; cannot be changed later)",
          )}
        </label>
        <input
          id={`${id}slug`}
          required
          pattern="[a-z0-9]+(-[a-z0-9]+)*"
          maxLength={64}
          value={name}
          onInput={(e) => (slug.value = e.currentTarget.value)}
        />
        <p class="bad" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="primary">
          {say("建立", "Make it")}
        </button>
      </form>
    </details>
  );
}
