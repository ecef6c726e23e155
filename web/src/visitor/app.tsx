// The frame of the visitor's page: the head with the language, the page that the address names, the bar within reach of a thumb.
import { say } from "../shared/i18n";
import { LangSwitch } from "../shared/LangSwitch";
import { ArPage } from "./pages/ar";
import { Home } from "./pages/home";
import { Mine } from "./pages/mine";
import { RoutePage } from "./pages/route";
import { StopPage } from "./pages/stop";
import { covered } from "./parts";
import { waiting } from "./queue";
import { type Place, place } from "./router";

export function App() {
  const now = place.value;
  return (
    <>
      <header class="head" inert={covered.value}>
        <BackLink from={now} />
        <LangSwitch />
      </header>
      <main>
        {now.page === "home" && <Home />}
        {now.page === "mine" && <Mine />}
        {now.page === "route" && <RoutePage id={now.route} />}
        {now.page === "stop" && <StopPage route={now.route} id={now.waypoint} />}
        {now.page === "ar" && <ArPage route={now.route} id={now.waypoint} />}
      </main>
      <nav class="bar" inert={covered.value} aria-label={say("主要页面", "Main pages")}>
        <a href="#/" aria-current={now.page === "home" ? "page" : undefined}>
          {say("路线", "Routes")}
        </a>
        <a href="#/me" aria-current={now.page === "mine" ? "page" : undefined}>
          {say("我的数据", "My data")}
          {waiting.value > 0 && (
            <span class="badge">
              {waiting.value}
              <span class="hidden-but-read">{say("次打卡等待发送", "check-ins waiting to be sent")}</span>
            </span>
          )}
        </a>
      </nav>
    </>
  );
}

function BackLink({ from }: { from: Place }) {
  if (from.page === "home") return <span class="name">{say("研学路线", "Study routes")}</span>;
  const to =
    from.page === "stop"
      ? `#/r/${from.route}`
      : from.page === "ar"
        ? `#/r/${from.route}/${from.waypoint}`
        : "#/";
  return (
    <a class="back" href={to}>
      <span aria-hidden="true">←</span>{" "}
      {from.page === "stop"
        ? say("整条路线", "The route")
        : from.page === "ar"
          ? say("这一站", "The stop")
          : say("所有路线", "All routes")}
    </a>
  );
}
