// What belongs to the route as a whole.
import { say } from "../../shared/i18n";
import { content, edit, frozen, status } from "../store";
import { Pair } from "./fields";

export function RouteForm() {
  const now = content.value;
  if (!now) return null;
  return (
    <>
      <h2>{say("整条路线", "The route itself")}</h2>
      <p class="soft">
        {status.value?.published
          ? say(`已发布，第 ${status.value.revision} 版`, `Published, revision ${status.value.revision}`)
          : say("还没有发布，只有您和同事看得到。", "Not published; only you and your colleagues see it.")}
      </p>
      <div class="stack">
        <Pair
          label={say("路线名称", "Name of the route")}
          path="title"
          value={now.title}
          onChange={(title) => edit((one) => ({ ...one, title }), "route/title")}
        />
        <Pair
          label={say("路线简介：学什么", "Summary: what one learns")}
          path="summary"
          long
          value={now.summary}
          onChange={(summary) => edit((one) => ({ ...one, summary }), "route/summary")}
        />
        {now.line.length > 0 && (
          <p class="row">
            {say(`路线走向：${now.line.length} 个点`, `Line on the map: ${now.line.length} points`)}
            <button
              type="button"
              class="quiet"
              disabled={frozen.value}
              onClick={() => edit((one) => ({ ...one, line: [] }))}
            >
              {say("去掉走向", "Remove the line")}
            </button>
          </p>
        )}
      </div>
    </>
  );
}
