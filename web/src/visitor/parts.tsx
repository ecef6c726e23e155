// Parts that several pages use: what is said while something loads or cannot be had, and the asking for the position.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../shared/i18n";
import { type Loaded, retry } from "./content";
import { distanceM, type LatLon } from "./geo";
import { follow, here, positioning } from "./position";
import { takeMove } from "./router";

/** Whether something covers the whole screen; what lies below is then out of reach. */
export const covered = signal(false);

/** The heading of a page. After a move within the page, it begins at its top, and a screen reader here. */
export function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!takeMove()) return;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${heading.current?.textContent?.slice(0, 100)} · ${say("研学路线", "Study routes")}`;
  });
  return (
    <h1 tabIndex={-1} class="clip" ref={heading}>
      {children}
    </h1>
  );
}

/** What is to be shown of something that is loaded, or why there is nothing yet. */
export function Await<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  // While the other language is loaded, the one that is read stays.
  const last = useRef<{ value: T } | null>(null);
  if (of.state === "here") last.current = of;
  const shown = of.state === "here" || of.state === "loading" ? last.current : null;
  if (shown) return <>{children(shown.value)}</>;
  if (of.state === "loading") return <p role="status">{say("正在打开……", "Opening …")}</p>;
  if (of.state === "missing") {
    return (
      <div class="card" role="alert">
        <p>
          {say(
            "这里没有这样的路线或站点。它可能已经改名或下线。",
            "There is no such route or stop here. It may have been renamed or taken back.",
          )}
        </p>
        <a class="button" href="#/">
          {say("看所有路线", "See all routes")}
        </a>
      </div>
    );
  }
  return (
    <div class="card" role="alert">
      <p>
        {say(
          "现在连不上网，手机里也没有存这一页。有网时再试；出发前可以在路线页上把整条路线存到手机里。",
          "There is no network, and this page is not on the phone yet. Try again later; before the next trip, take the route along from its page.",
        )}
      </p>
      <button type="button" onClick={retry}>
        {say("再试一次", "Try again")}
      </button>
    </div>
  );
}

export function distanceTo(there: LatLon): number | null {
  return here.value && distanceM(here.value, there);
}

/** Says what the position is for, then asks for it; refused, it says what still works. */
export function AskPosition() {
  const state = positioning.value;
  if (state === "on") return null;
  return (
    <section class="card ask" aria-live="polite">
      {state === "off" && (
        <>
          <p>
            {say(
              "打开定位，就能看到离各站多远，并在到达时打卡。位置留在手机里，只有你按下打卡时才发送一次，判断后就丢掉。",
              "With your position you see how far each stop is, and can check in when you are there. It stays on the phone: it is sent only when you check in, and dropped once judged.",
            )}
          </p>
          <button type="button" onClick={follow}>
            {say("打开定位", "Use my position")}
          </button>
        </>
      )}
      {state === "looking" && (
        <p role="status">
          {say("正在定位……走到空旷处会更快。", "Finding your position … it is faster in the open.")}
        </p>
      )}
      {state === "denied" && (
        <>
          <p>
            {say(
              "没有允许定位，所以不能打卡。路线、文字、模型都照样能看。想打卡时，请在浏览器的设置里允许本页使用位置，再按一次。",
              "The position was not allowed, so you cannot check in. Routes, texts and models still work. To check in, allow this page the position in the browser's settings and press again.",
            )}
          </p>
          <button type="button" onClick={follow}>
            {say("再试一次", "Try again")}
          </button>
        </>
      )}
      {state === "unavailable" && (
        <p>
          {say(
            "这个浏览器不提供位置（需要 HTTPS 地址），所以不能打卡。其他内容照样能看。",
            "This browser gives no position (it needs an HTTPS address), so you cannot check in. Everything else works.",
          )}
        </p>
      )}
    </section>
  );
}
