// The route's map, drawn from its own line and stops: no borders, and no tiles unless the operator has chosen a source. The line
// joins the stops and is no path to walk, and the map says so. The list below it is the same for who cannot see or drag it.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { metres, say } from "../shared/i18n";
import type { RouteDetail, Waypoint } from "./content";
import { Ground, GroundCredit } from "./ground";
import {
  barM,
  fit,
  HEIGHT,
  type Mark,
  marks,
  type Point,
  pan,
  toScreen,
  type View,
  WIDTH,
  zoom,
} from "./map-view";
import { here } from "./position";
import { visits } from "./queue";

interface Props {
  route: RouteDetail;
  stops: Waypoint[];
  next: string | undefined;
}

export function RouteMap({ route, stops, next }: Props) {
  const all = fit(stops.map(({ position }) => position));
  const view = useSignal<View>(all);
  const gestures = useGestures(view, all.scale * 1.5);
  const line = route.line.coordinates.map(([lon, lat]) => toScreen(view.value, { lat, lon }));
  const fix = here.value;

  const pressed = (mark: Mark<Waypoint>) => {
    if (gestures.moved()) return;
    if (mark.members.length === 1) location.hash = `#/r/${mark.members[0].id}`;
    else view.value = fit(mark.members.map(({ position }) => position));
  };
  return (
    <figure class="map">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={say(
          `路线图，共 ${stops.length} 站；下面有列表`,
          `Map of ${stops.length} stops; the list below has them all`,
        )}
        {...gestures.handlers}
      >
        <Ground view={view.value} />
        <path class="map-line" d={path(line)} />
        {fix && <Me view={view.value} fix={fix} />}
        {marks(view.value, stops).map((mark) => (
          <StopMark key={mark.members[0].id} mark={mark} next={next} onPress={() => pressed(mark)} />
        ))}
        <Bar view={view.value} />
      </svg>
      <div class="map-buttons">
        <button
          type="button"
          aria-label={say("放大", "Nearer")}
          onClick={() => (view.value = zoom(view.value, 2, all.scale))}
        >
          ＋
        </button>
        <button
          type="button"
          aria-label={say("缩小", "Farther")}
          onClick={() => (view.value = zoom(view.value, 0.5, all.scale * 1.5))}
        >
          －
        </button>
        <button type="button" onClick={() => (view.value = all)}>
          {say("全程", "All")}
        </button>
        {fix && (
          <button
            type="button"
            onClick={() =>
              (view.value = { lat: fix.lat, lon: fix.lon, scale: Math.min(view.value.scale, 5) })
            }
          >
            {say("我", "Me")}
          </button>
        )}
      </div>
      <figcaption class="soft">
        {say(
          "线只把各站依次连起来，不是要走的路。",
          "The line only joins the stops in order; it is not the way to walk.",
        )}
        <GroundCredit />
      </figcaption>
    </figure>
  );
}

function path(points: readonly Point[]): string {
  return points.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

function StopMark({
  mark,
  next,
  onPress,
}: {
  mark: Mark<Waypoint>;
  next: string | undefined;
  onPress: () => void;
}) {
  const orders = mark.members.map(({ order }) => order);
  const seen = mark.members.every(({ id }) => visits.value.has(id));
  const label = orders.length === 1 ? `${orders[0]}` : run(orders);
  const half = orders.length === 1 ? 13 : 10 + label.length * 4;
  const isNext = mark.members.some(({ id }) => id === next);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list below the map is the way by keyboard
    <g
      class={`map-stop${seen ? " seen" : ""}${isNext ? " next" : ""}`}
      transform={`translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`}
      onClick={onPress}
    >
      {isNext && <path class="map-pin" d="M0 -20l-9 -15h18z" />}
      <rect x={-half} y="-13" width={2 * half} height="26" rx="13" />
      <text class="map-text" y="5" text-anchor="middle">
        {seen ? `✓${label}` : label}
      </text>
    </g>
  );
}

/** "3–12" where no stop is left out, else the first and how many more. */
function run(orders: number[]): string {
  const last = orders[orders.length - 1];
  return last - orders[0] === orders.length - 1
    ? `${orders[0]}–${last}`
    : `${orders[0]} +${orders.length - 1}`;
}

function Me({ view, fix }: { view: View; fix: { lat: number; lon: number; accuracy_m: number } }) {
  const { x, y } = toScreen(view, fix);
  return (
    <g class="map-me">
      <circle class="map-doubt" cx={x} cy={y} r={Math.min(fix.accuracy_m / view.scale, 2_000)} />
      <circle cx={x} cy={y} r="8" />
    </g>
  );
}

function Bar({ view }: { view: View }) {
  const length = barM(view);
  return (
    <g class="map-bar" transform={`translate(14 ${HEIGHT - 14})`}>
      <path d={`M0 -6v6h${(length / view.scale).toFixed(1)}v-6`} />
      <text class="map-text" x="4" y="-6">
        {length < 1_000 ? metres(length) : `${length / 1_000} ${say("公里", "km")}`}
      </text>
      <path d={`M${WIDTH - 36} -4l7 -22l7 22l-7 -6z`} />
      <text class="map-text" x={WIDTH - 29} y="-30" text-anchor="middle">
        {say("北", "N")}
      </text>
    </g>
  );
}

/** One finger moves, two zoom, the wheel zooms. */
function useGestures(view: { value: View }, widest: number) {
  const down = useRef(new Map<number, Point>());
  const way = useRef(0);
  const at = (event: PointerEvent | WheelEvent): Point => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const unit = WIDTH / box.width;
    return { x: (event.clientX - box.left) * unit, y: (event.clientY - box.top) * unit };
  };
  const up = (event: PointerEvent) => void down.current.delete(event.pointerId);
  const move = (event: PointerEvent) => {
    const before = down.current.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const other = [...down.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const ratio = apart(now, other) / Math.max(1, apart(before, other));
      view.value = zoom(view.value, ratio, widest, other);
    } else {
      view.value = pan(view.value, now.x - before.x, now.y - before.y);
    }
    way.current += apart(now, before);
    down.current.set(event.pointerId, now);
  };
  return {
    /** Whether the finger that is lifted now has drawn the map instead of pressing something on it. */
    moved: () => way.current > 8,
    handlers: {
      onPointerDown: (event: PointerEvent) => {
        if (down.current.size === 0) way.current = 0;
        down.current.set(event.pointerId, at(event));
      },
      onPointerMove: move,
      onPointerUp: up,
      onPointerCancel: up,
      onPointerLeave: up,
      onWheel: (event: WheelEvent) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        view.value = zoom(view.value, event.deltaY < 0 ? 1.2 : 1 / 1.2, widest, at(event));
      },
    },
  };
}

function apart(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
