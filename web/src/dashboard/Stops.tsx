// Where people were: the stops along the chosen route as a funnel and on a map, or, without one, the routes.
import { say } from "../shared/i18n";
import { CsvLink } from "./FigureTable";
import { nameOf, partText } from "./figures";
import { isPlaced, type Part, partsOf, shareText } from "./parts";
import type { LonLat } from "./place";
import { StopMap } from "./StopMap";
import { type Board, choice, measure, names } from "./state";

function Name({ part, routes }: { part: Part; routes: boolean }) {
  const title = (
    <bdi class="clip" title={part.title.slice(0, 200)}>
      {part.title}
    </bdi>
  );
  if (!routes || part.order === null) {
    return (
      <>
        {title}
        {part.order === null && <span class="soft">{say("（已不再发布）", " (no longer published)")}</span>}
      </>
    );
  }
  return (
    <button
      type="button"
      class="quiet pick"
      onClick={() => {
        choice.value = { ...choice.value, route: part.id };
      }}
    >
      {title}
    </button>
  );
}

function PartRow({ board, part, most }: { board: Board; part: Part; most: number }) {
  const which = measure.value;
  const value = part.figures[which];
  const share = shareText(board, part, which);
  return (
    <tr data-key={part.id}>
      <td class="soft number">{part.order ?? "–"}</td>
      <th scope="row">
        <Name part={part} routes={!board.route} />
        <div class={value === null ? "track hidden-track" : "track"}>
          <div class="fill" style={{ width: `${((value ?? 0) / most) * 100}%` }} />
        </div>
      </th>
      <td class="number">
        <span class={value === null ? "hidden-figure" : ""}>{partText(value)}</span>
        {share && <span class="soft share">{share}</span>}
      </td>
    </tr>
  );
}

function PartTable({ board, parts }: { board: Board; parts: Part[] }) {
  const which = measure.value;
  const most = Math.max(1, ...parts.map(({ figures }) => figures[which] ?? 0));
  return (
    <table class="funnel">
      <caption class="soft">
        {board.route
          ? say(
              "按参观顺序。百分比是在这一站签到的人占整条路线人数的多少。",
              "In visiting order. The percentage is of all people on the route.",
            )
          : say("选一条路线，看它的各站。", "Pick a route to see its stops.")}
      </caption>
      <thead>
        <tr>
          <th scope="col">{say("序", "No.")}</th>
          <th scope="col">{board.route ? say("站点", "Stop") : say("路线", "Study route")}</th>
          <th scope="col" class="number">
            {nameOf(which)}
          </th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <PartRow key={part.id} board={board} part={part} most={most} />
        ))}
      </tbody>
    </table>
  );
}

export function Stops({ board }: { board: Board }) {
  const parts = partsOf(board, names.value);
  const { route } = names.value;
  const drawn = parts.filter(isPlaced);
  return (
    <section class="card" aria-labelledby="stops">
      <h2 id="stops">
        {board.route ? say("沿路线各站", "Along the route") : say("按路线", "By study route")} ·{" "}
        {nameOf(measure.value)}
      </h2>
      <div class={drawn.length > 0 ? "stops" : ""}>
        {route && drawn.length > 0 && (
          <StopMap parts={drawn} line={route.line.coordinates as unknown as LonLat[]} />
        )}
        <PartTable board={board} parts={parts} />
      </div>
      <CsvLink board={board} by={board.route ? "waypoint" : "route"} />
    </section>
  );
}
