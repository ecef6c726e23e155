// What was published when and by whom; what an old revision had; bringing it back. The route as a file, and the ways to give up a draft
// or to take the route from visitors.
import { useSignal } from "@preact/signals";
import type { Ask, Schemas } from "../../shared/api";
import { say } from "../../shared/i18n";
import { call, routePath } from "../call";
import { announced, currentEtag, reload, route, save, status } from "../store";
import { mistake } from "../words/mistakes";
import { useAsked } from "./asked";
import { DiffList } from "./DiffList";

const FORMATS = ["xlsx", "csv", "geojson", "gpx", "kml", "kmz"];

export function HistoryPanel() {
  const name = route.value ?? "";
  const asked = useAsked<Schemas["RevisionList"]>(routePath(name, "/revisions")).value;
  const problem = useSignal("");
  const compared = useSignal<number | null>(null);
  const act = async (path: string, how: Ask, words: string) => {
    problem.value = "";
    try {
      if (!(await save())) return;
      await call(routePath(name, path), how);
      await reload();
      announced.value = words;
    } catch (error) {
      problem.value = mistake(error);
    }
  };
  return (
    <>
      <p class="bad" role="alert">
        {problem.value || asked.problem}
      </p>
      {asked.value?.items.length === 0 && <p>{say("还没有发布过。", "It was never published.")}</p>}
      <ol class="plain">
        {asked.value?.items.map((one) => (
          <Revision
            key={one.revision}
            of={one}
            compared={compared}
            onRestore={() => act("/restore", { body: { revision: one.revision } }, say("已恢复", "Restored"))}
          />
        ))}
      </ol>
      <h3>{say("存成文件", "As a file")}</h3>
      <p class="row">
        {FORMATS.map((format) => (
          <a key={format} href={routePath(name, `/export?format=${format}`)} download={`${name}.${format}`}>
            {format.toUpperCase()}
          </a>
        ))}
      </p>
      <h3>{say("收回", "Take back")}</h3>
      <div class="stack">
        {status.value?.draft && (
          <Sure
            words={say("放弃未发布的改动", "Give up what is not published")}
            onYes={() =>
              act(
                "/draft",
                { method: "DELETE", headers: { "if-match": currentEtag() } },
                say("已放弃", "Given up"),
              )
            }
          />
        )}
        {status.value?.published && (
          <Sure
            words={say(
              "不再对游客显示（打卡和人数都保留）",
              "Take it from visitors (check-ins and counts stay)",
            )}
            onYes={() => act("/unpublish", { body: {} }, say("游客看不到了", "Visitors no longer see it"))}
          />
        )}
      </div>
    </>
  );
}

interface RevisionProps {
  of: Schemas["RevisionInfo"];
  compared: { value: number | null };
  onRestore: () => void;
}

function Revision({ of: one, compared, onRestore }: RevisionProps) {
  const kinds = {
    import: say("导入", "import"),
    publish: say("发布", "publication"),
    restore: say(`恢复第 ${one.restored_revision} 版`, `revision ${one.restored_revision} again`),
    withdraw: say("收回", "withdrawal"),
  };
  const at = new Date(one.published_at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });
  const open = compared.value === one.revision;
  return (
    <li class="card stack">
      <strong>{say(`第 ${one.revision} 版`, `Revision ${one.revision}`)}</strong>
      <span class="soft small">
        {[kinds[one.kind], at, one.author, say(`${one.waypoints} 站`, `${one.waypoints} stops`)].join(" · ")}
      </span>
      {one.note && (
        <p class="clip2" dir="auto">
          {one.note}
        </p>
      )}
      <div class="row">
        <button
          type="button"
          class="quiet"
          aria-expanded={open}
          onClick={() => (compared.value = open ? null : one.revision)}
        >
          {say("与草稿比较", "Compare with the draft")}
        </button>
        {one.kind !== "withdraw" && <Sure words={say("恢复这一版", "Bring it back")} onYes={onRestore} />}
      </div>
      {open && <Compared revision={one.revision} />}
    </li>
  );
}

function Compared({ revision }: { revision: number }) {
  const asked = useAsked<Schemas["Diff"]>(
    routePath(route.value ?? "", `/diff?from=${revision}&to=draft`),
  ).value;
  if (asked.problem) return <p class="bad">{asked.problem}</p>;
  return asked.value ? (
    <DiffList diff={asked.value} />
  ) : (
    <p role="status">{say("正在比较……", "Comparing …")}</p>
  );
}

/** A button that asks once more before it does what cannot be undone here. */
function Sure({ words, onYes }: { words: string; onYes: () => void }) {
  const asking = useSignal(false);
  if (!asking.value) {
    return (
      <button type="button" class="quiet" onClick={() => (asking.value = true)}>
        {words}
      </button>
    );
  }
  return (
    <span class="row">
      <button
        type="button"
        class="primary"
        onClick={() => {
          asking.value = false;
          onYes();
        }}
      >
        {say(`确定${words}`, `Yes: ${words}`)}
      </button>
      <button type="button" class="quiet" onClick={() => (asking.value = false)}>
        {say("不", "No")}
      </button>
    </span>
  );
}
