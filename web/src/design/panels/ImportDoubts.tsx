// What makes a file look wrong as a whole: it is asked, shown on the map, and never settled silently.
import { say } from "../../shared/i18n";
import { ghostShown, ghosts } from "../overlay";
import { systemNames } from "../words/systems";
import { type Reading, type Report, read } from "./importing";

export function Doubts({ report }: { report: Report }) {
  const crs = report.suggestions.find((one) => one.parameter === "crs")?.value as Reading["crs"] | undefined;
  const swap = report.suggestions.find((one) => one.parameter === "swap_axes");
  return (
    <fieldset class="card doubtful">
      <legend>{say("有疑问", "A doubt")}</legend>
      {swap && (
        <>
          <p>
            {say(
              "经度和纬度像是写反了。",
              "Latitude and longitude look as if they stand in each other's place.",
            )}
          </p>
          <button type="button" onClick={() => read({ swap_axes: swap.value === "true" })}>
            {swap.value === "true"
              ? say("对调经纬度再试读", "Exchange them and try again")
              : say("不对调，再试读", "Leave them and try again")}
          </button>
        </>
      )}
      {crs && !swap && (
        <>
          <p>{doubtOf(report)}</p>
          <Pairs />
          <div class="row">
            <button type="button" onClick={() => read({ crs: "wgs84" })}>
              {say("A 对：照原数字", "A: as they stand")}
            </button>
            <button type="button" class="primary" onClick={() => read({ crs })}>
              {say(`B 对：按 ${systemNames()[crs]} 换算`, `B: convert from ${systemNames()[crs]}`)}
            </button>
          </div>
          {ghosts.value.length === 0 && (
            <p class="soft small">
              {say(
                "这条路线还没有同名站点，所以地图上没有对照点。",
                "This route has no stops of these names yet, so there is nothing to compare with on the map.",
              )}
            </p>
          )}
        </>
      )}
    </fieldset>
  );
}

/** The server tells how many places lie how far off in one English sentence; its numbers are taken from there. */
function doubtOf(report: Report): string {
  const reason = report.suggestions.find((one) => one.parameter === "crs")?.reason ?? "";
  const [, places = "", all = ""] = reason.match(/(\d+) of (\d+) places/) ?? [];
  const off = reason.match(/about (\d+) m/)?.[1] ?? "";
  return say(
    `${all} 个同名站点里，${places} 个与现有位置相差${off && `约 ${off} `}米，像是国内网络地图的偏移坐标。地图上 A 是照原数字的位置，B 是换算以后的位置。哪个对？`,
    `Of ${all} places with the name of a stop, ${places} lie ${off && `about ${off} m `}off it, like shifted numbers of Chinese web maps. On the map, A is as the numbers stand, B is converted. Which is right?`,
  );
}

/** Brings one pair after the other into view. */
function Pairs() {
  return (
    <ul class="plain">
      {ghosts.value.map((pair, at) => (
        <li key={pair.id}>
          <button
            type="button"
            class="quiet wide"
            aria-pressed={ghostShown.value === at}
            onClick={() => {
              ghostShown.value = at;
            }}
          >
            <span class="clip">{`A${at + 1} / B${at + 1} · ${pair.title}`}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
