// A route: its map, how far one has come, the next stop, and all stops with their distance.
import { metres, say } from "../../shared/i18n";
import { type RouteDetail, route, type Waypoint, waypoints } from "../content";
import { bearingDeg, distanceM, enu, presence, type Zone } from "../geo";
import { RouteMap } from "../map";
import { AskPosition, Await, distanceTo, Title } from "../parts";
import { here } from "../position";
import { checkIns, visits } from "../queue";
import { TakeAlong } from "../take";
import { stops, wind } from "../words";

export function RoutePage({ id }: { id: string }) {
  return (
    <Await key={id} of={route(id)}>
      {(detail) => (
        <Await of={waypoints(id)}>{(items) => <Route key={id} detail={detail} items={items} />}</Await>
      )}
    </Await>
  );
}

function Route({ detail, items }: { detail: RouteDetail; items: Waypoint[] }) {
  const seen = items.filter(({ id }) => visits.value.has(id)).length;
  const next = items.find(({ id }) => !visits.value.has(id));
  return (
    <>
      <Title>{detail.title}</Title>
      <p>{detail.summary}</p>
      <section class="progress">
        <label for="progress">
          {say(`到过 ${seen} 站，共 ${items.length} 站`, `${seen} of ${stops(items.length)} visited`)}
        </label>
        <progress id="progress" value={seen} max={Math.max(1, items.length)} />
      </section>
      <HereNow items={items} />
      {next ? <NextStop stop={next} /> : items.length > 0 && <Done />}
      <AskPosition />
      {items.length > 0 && <RouteMap route={detail} stops={items} next={next?.id} />}
      <h2>{say("所有站点", "All stops")}</h2>
      <ol class="stops">
        {items.map((stop) => (
          <li key={stop.id}>
            <StopRow stop={stop} isNext={stop === next} />
          </li>
        ))}
      </ol>
      <TakeAlong detail={detail} items={items} />
    </>
  );
}

/** The stop in whose zone the visitor stands; of several the nearest. */
function HereNow({ items }: { items: Waypoint[] }) {
  const fix = here.value;
  if (!fix) return null;
  const [stop] = items
    .filter(({ zone, position }) => presence(zone as Zone, position, fix).state === "inside")
    .sort((a, b) => distanceM(fix, a.position) - distanceM(fix, b.position));
  if (!stop) return null;
  return (
    <section class="card next-stop">
      <h2>{say("你在这里", "You are here")}</h2>
      <p class="next-title clip">
        {stop.order} · {stop.title}
      </p>
      <a class="button primary" href={`#/r/${stop.id}`}>
        {visits.value.has(stop.id)
          ? say("再看这一站", "Open this stop again")
          : say("打开并打卡", "Open and check in")}
      </a>
    </section>
  );
}

function NextStop({ stop }: { stop: Waypoint }) {
  const fix = here.value;
  const away = distanceTo(stop.position);
  return (
    <section class="card next-stop">
      <h2>{say("下一站", "Next stop")}</h2>
      <p class="next-title clip">
        {stop.order} · {stop.title}
      </p>
      {fix && away !== null && (
        <p>
          {say(
            `直线距离 ${metres(away)}，在你的${wind(bearingDeg(enu(fix, stop.position)))}面`,
            `${metres(away)} as the crow flies, to the ${wind(bearingDeg(enu(fix, stop.position)))}`,
          )}
        </p>
      )}
      <a class="button primary" href={`#/r/${stop.id}`}>
        {say("去看这一站", "Open this stop")}
      </a>
    </section>
  );
}

function Done() {
  return (
    <p class="card good" role="status">
      ✓ {say("这条路线的每一站你都到过了。", "You have been at every stop of this route.")}
    </p>
  );
}

function StopRow({ stop, isNext }: { stop: Waypoint; isNext: boolean }) {
  const away = distanceTo(stop.position);
  const verdict = visits.value.get(stop.id);
  const waits = checkIns.value.some((item) => item.waypoint === stop.id && item.state === "waiting");
  const marks = [
    verdict && `✓ ${say("到过", "visited")}`,
    waits && `… ${say("等待发送", "waiting to be sent")}`,
    isNext && `→ ${say("下一站", "next")}`,
  ].filter(Boolean);
  return (
    <a class="stop-row" href={`#/r/${stop.id}`}>
      <span class={`order${verdict ? " seen" : ""}`} aria-hidden="true">
        {stop.order}
      </span>
      <span class="stop-name">
        <span class="clip">{stop.title}</span>
        {marks.length > 0 && <small class="soft">{marks.join(" · ")}</small>}
      </span>
      {away !== null && <span class="away">{metres(away)}</span>}
    </a>
  );
}
