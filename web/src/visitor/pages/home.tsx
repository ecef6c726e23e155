// Home: the routes, each with its picture, length, stops and what one learns on it.
import { metres, say } from "../../shared/i18n";
import { type Route, route, routes, waypoints } from "../content";
import { Await, Title } from "../parts";
import { RoutePicture } from "../pictures";
import { visits } from "../queue";
import { stops, theme } from "../words";

export function Home() {
  return (
    <>
      <Title>{say("走进济宁，边走边学", "Learn on foot in Jining")}</Title>
      <p class="soft">
        {say(
          "选一条路线。到了站点，看看古人怎样解决真正的难题。",
          "Choose a route. At each stop, see how people long ago solved a real problem.",
        )}
      </p>
      <Await of={routes()}>
        {(items) =>
          items.length === 0 ? (
            <p>{say("还没有发布的路线。", "No route has been published yet.")}</p>
          ) : (
            <ul class="routes">
              {items.map((item) => (
                <li key={item.id}>
                  <RouteCard route={item} />
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </>
  );
}

function RouteCard({ route: item }: { route: Route }) {
  const detail = route(item.id);
  const seen = [...visits.value.keys()].filter((id) => id.startsWith(`${item.id}/`)).length;
  return (
    <article class="card route-card">
      <RoutePicture id={item.id} line={detail.state === "here" ? detail.value.line : undefined} />
      <h2 class="clip">
        <a href={`#/r/${item.id}`} onPointerEnter={() => void waypoints(item.id)}>
          {item.title}
        </a>
      </h2>
      <p class="figures">
        <strong>{stops(item.waypoints)}</strong>
        <strong>{say(`约 ${metres(item.length_m)}`, `about ${metres(item.length_m)}`)}</strong>
        {seen > 0 && <strong class="good">✓ {say(`到过 ${seen} 站`, `${seen} visited`)}</strong>}
      </p>
      <p>{item.summary}</p>
      <h3 class="hidden-but-read">{say("能学到", "What one learns")}</h3>
      <ul class="themes">
        {item.themes.map((name) => (
          <li key={name}>{theme(name)}</li>
        ))}
      </ul>
    </article>
  );
}
