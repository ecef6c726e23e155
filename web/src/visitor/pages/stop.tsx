// A stop: what there is to learn, each fact with its source, the exhibit, the check-in and the question after it.
import { say, type Words } from "../../shared/i18n";
import { CheckIn } from "../check-in";
import { type Exhibit, type WaypointDetail, waypoint, waypoints } from "../content";
import { Await, Title } from "../parts";
import { Quiz } from "../quiz";
import { theme } from "../words";

export function StopPage({ route, id }: { route: string; id: string }) {
  return (
    <Await key={id} of={waypoint(`${route}/${id}`)}>
      {(stop) => <Stop key={stop.id} stop={stop} />}
    </Await>
  );
}

function Stop({ stop }: { stop: WaypointDetail }) {
  return (
    <article class="stop">
      <p class="soft">
        {say(`第 ${stop.order} 站`, `Stop ${stop.order}`)} · {stop.county}
        {stop.period && ` · ${stop.period}`}
      </p>
      <Title>{stop.title}</Title>
      <ul class="themes">
        {stop.themes.map((name) => (
          <li key={name}>{theme(name)}</li>
        ))}
      </ul>
      <p class="lead">{stop.summary}</p>
      <CheckIn stop={stop} />
      <Quiz stop={stop} />
      {stop.exhibits.map((exhibit) => (
        <ExhibitCard key={exhibit.id} stop={stop} exhibit={exhibit} />
      ))}
      <Facts stop={stop} />
      <About stop={stop} />
      <Neighbours stop={stop} />
    </article>
  );
}

function ExhibitCard({ stop, exhibit }: { stop: WaypointDetail; exhibit: Exhibit }) {
  const preview = exhibit.assets.find(({ role }) => role === "preview");
  return (
    <section class="card exhibit">
      <h2 class="clip">{exhibit.title}</h2>
      {preview ? (
        <img src={preview.href} alt={exhibit.alt} loading="lazy" />
      ) : (
        exhibit.alt && <p class="soft">{exhibit.alt}</p>
      )}
      <p>{exhibit.text}</p>
      <a class="button" href={`#/r/${stop.id}/ar`}>
        {exhibit.kind === "model"
          ? say("在实景或立体中看", "See it around you or in 3-D")
          : say("在实景中看展牌", "See its board around you")}
      </a>
    </section>
  );
}

function Facts({ stop }: { stop: WaypointDetail }) {
  if (stop.facts.length === 0) return null;
  return (
    <section>
      <h2>{say("史实与出处", "Facts and where they come from")}</h2>
      <ul class="facts">
        {stop.facts.map((fact) => (
          <li key={fact.date + fact.text}>
            {fact.date && <strong>{fact.date}</strong>}
            <p>{fact.text}</p>
            <small class="soft">
              {say("出处：", "Source: ")}
              {fact.source}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

const CONFIDENCE: Record<string, Words> = {
  sourced: ["位置有出处", "Position from a source"],
  derived: ["位置是推算的", "Position worked out, not measured"],
  surveyed: ["位置经实地测量", "Position surveyed on site"],
};

function About({ stop }: { stop: WaypointDetail }) {
  const { coordinate, coordinate_source: source, heritage, opening_hours: hours, altitude } = stop;
  const precision = Math.round(coordinate.precision_m);
  return (
    <section>
      <h2>{say("关于这里", "About this place")}</h2>
      <dl class="about">
        {hours && (
          <>
            <dt>{say("开放时间", "Opening hours")}</dt>
            <dd>
              {hours.text}
              {hours.note && <> {hours.note}</>}
              <small class="soft">
                {say("出处：", "Source: ")}
                {hours.source}
                {!hours.note && say("；出发前请再核实。", "; check again before you go.")}
              </small>
            </dd>
          </>
        )}
        <dt>{say("保护", "Protection")}</dt>
        <dd>
          {heritage.status}
          {heritage.unesco_whc &&
            say(` · 世界遗产 ${heritage.unesco_whc}`, ` · World Heritage ${heritage.unesco_whc}`)}
        </dd>
        {altitude && (
          <>
            <dt>{say("海拔", "Height above sea level")}</dt>
            <dd>
              {altitude.altitude_m} {say("米", "m")}
              <small class="soft">
                {say("出处：", "Source: ")}
                {altitude.source}
              </small>
            </dd>
          </>
        )}
        <dt>{say(...CONFIDENCE[coordinate.confidence])}</dt>
        <dd>
          {say(`误差不超过约 ${precision} 米`, `good to about ${precision} m`)}
          <small class="soft">
            {say("出处：", "Source: ")}
            {source.source}
            {source.derivation && ` — ${source.derivation}`}
            {source.note && ` — ${source.note}`}
          </small>
        </dd>
      </dl>
    </section>
  );
}

function Neighbours({ stop }: { stop: WaypointDetail }) {
  const all = waypoints(stop.route);
  if (all.state !== "here") return null;
  const at = all.value.findIndex(({ id }) => id === stop.id);
  const [before, after] = [all.value[at - 1], all.value[at + 1]];
  return (
    <nav class="neighbours" aria-label={say("前后各站", "Stops before and after")}>
      {before && (
        <a class="neighbour clip" href={`#/r/${before.id}`}>
          ← <bdi>{before.title}</bdi>
        </a>
      )}
      {after && (
        <a class="neighbour clip" href={`#/r/${after.id}`}>
          <bdi>{after.title}</bdi> →
        </a>
      )}
    </nav>
  );
}
