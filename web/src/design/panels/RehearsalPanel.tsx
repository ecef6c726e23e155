// Simulated pupils walk the draft; who would get in where is told in a table and on the map.
import { useSignal } from "@preact/signals";
import type { Schemas } from "../../shared/api";
import { say, shown, whole } from "../../shared/i18n";
import { call, routePath } from "../call";
import { NumberField } from "../form/fields";
import { outcomes, overview } from "../overlay";
import { formPart, route, save, selected, wanted } from "../store";
import { mistake } from "../words/mistakes";

const WALKERS = 200;
const WALKERS_MAX = 10_000;
const TIMEOUT_MS = 60_000;

export function RehearsalPanel() {
  const walkers = useSignal(WALKERS);
  const [busy, problem, result] = [
    useSignal(false),
    useSignal(""),
    useSignal<Schemas["Rehearsal"] | null>(null),
  ];
  const run = async () => {
    busy.value = true;
    problem.value = "";
    try {
      await save();
      const how = { body: { walkers: walkers.value }, timeoutMs: TIMEOUT_MS };
      result.value = (await call<Schemas["Rehearsal"]>(routePath(route.value ?? "", "/rehearse"), how)).value;
      outcomes.value = new Map(
        result.value.waypoints.map((one) => [
          one.id,
          one.failed ? share(one.walkers - one.failed, one.walkers) : "✓",
        ]),
      );
      overview.value += 1;
    } catch (error) {
      problem.value = mistake(error);
    }
    busy.value = false;
  };
  return (
    <>
      <p>
        {say(
          "让模拟的学生带着手机走一遍草稿，看每一站有多少人能打上卡。不会产生真的打卡。",
          "Simulated pupils with phones walk the draft, to see how many get in at each stop. No real check-in comes of it.",
        )}
      </p>
      <NumberField
        label={say("人数", "Walkers")}
        path="walkers"
        value={walkers.value}
        min={1}
        max={WALKERS_MAX}
        onChange={(value) => (walkers.value = Math.round(value))}
      />
      <button type="button" class="primary" disabled={busy.value} onClick={run}>
        {busy.value ? say("正在预演……", "Walking …") : say("开始预演", "Walk")}
      </button>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
      {result.value && <Outcome of={result.value} />}
    </>
  );
}

function share(part: number, all: number): string {
  if (all === 0) return "–";
  // Not all is never shown as all.
  return part === all ? "100%" : `${Math.floor((1000 * part) / all) / 10}%`;
}

function Outcome({ of: result }: { of: Schemas["Rehearsal"] }) {
  const { totals, walkers } = result;
  return (
    <>
      <p role="status">
        <strong>
          {say(
            `${walkers} 人中，${totals.everywhere} 人站站打上卡，其中 ${totals.everywhere_at_once} 人都是一次成功。`,
            `Of ${walkers} walkers, ${totals.everywhere} got in everywhere, ${totals.everywhere_at_once} of them always at once.`,
          )}
        </strong>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="scroll" tabIndex={0} aria-label={say("逐站结果", "Stop by stop")}>
        <table>
          <thead>
            <tr>
              <th scope="col" class="tight">
                {say("站点", "Stop")}
              </th>
              <th scope="col" class="tight">
                {say("打上卡", "Got in")}
              </th>
              <th scope="col" class="tight">
                {say("没打上", "Did not")}
              </th>
              <th scope="col" class="tight">
                {say("建议半径", "Radius for 1 %")}
              </th>
            </tr>
          </thead>
          <tbody>
            {result.waypoints.map((one) => (
              <tr key={one.id} class={one.failed > 0 ? "wrong" : ""}>
                <th scope="row">
                  <button type="button" class="quiet" onClick={() => go(one.id)}>
                    <span class="clip2">{`${one.order}. ${shown(one.title)}`}</span>
                  </button>
                </th>
                <td class="tight">{share(one.walkers - one.failed, one.walkers)}</td>
                <td class={one.failed ? "tight bad" : "tight"}>{whole(one.failed)}</td>
                <td class="tight">{advice(one)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <details>
        <summary>{say("预演依据什么", "What this rests on")}</summary>
        <ul>
          {result.assumptions.map((one) => (
            <li key={one.en}>{shown(one)}</li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** To the stop, and to the field that mends it. */
function go(id: string) {
  selected.value = id;
  formPart.value = "zone";
  wanted.value = "zone.radius_m";
}

function advice(one: Schemas["WaypointOutcome"]): string {
  const radius = one.radius_for_1_percent_m;
  if (radius === undefined || radius === null) return "–";
  return radius <= one.radius_m ? say("够了", "enough") : `${radius} ${say("米", "m")}`;
}
