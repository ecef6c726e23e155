// The route's own line and stops, each stop a disc as large as its figure, with the figure in it. Drawn from the route alone: no tiles, no
// borders. Stops that lie close together are moved apart; a thin line leads to where each is.
import { useEffect, useRef, useState } from "preact/hooks";
import { lang, metres, say, whole } from "../shared/i18n";
import { nameOf, partText } from "./figures";
import type { PlacedPart } from "./parts";
import { type Disc, fit, type LonLat, type Projection, spread } from "./place";
import { measure } from "./state";

/** What two lines of words need. */
const RADIUS_MIN_PX = 16;
/** The largest disc, as a part of the width, and no smaller than shows a difference: a phone has to have room for them all. */
const RADIUS_MAX_OF_WIDTH = 0.05;
const RADIUS_LARGEST_MIN_PX = 24;
const HEIGHT_MIN_PX = 380;
/** For the scale below the discs. */
const FOOT_PX = 34;
const HEIGHT_MAX_PX = 620;
/** Thousands are written short, so that they stay inside. */
const SHORT_FROM = 10_000;

function inDisc(value: number | null): string {
  if (value === null) return "–";
  if (value < SHORT_FROM) return whole(value);
  return new Intl.NumberFormat(lang.value, { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** The area follows the figure, down to what its words need. */
function radius(value: number | null, most: number, largest: number): number {
  return Math.max(RADIUS_MIN_PX, largest * Math.sqrt((value ?? 0) / most));
}

/** A length that is 1, 2 or 5 times a power of ten and takes about a quarter of the width. */
function ScaleBar({ projection, width }: { projection: Projection; width: number }) {
  const wanted = (projection.metresPerPixel * width) / 4;
  const ten = 10 ** Math.floor(Math.log10(wanted));
  const long = [5, 2, 1].map((n) => n * ten).find((m) => m <= wanted) ?? ten;
  const y = projection.height - 8;
  return (
    <g class="scale-bar">
      <path d={`M8 ${y - 5}v5h${long / projection.metresPerPixel}v-5`} />
      <text x={12} y={y - 6}>
        {metres(long)}
      </text>
    </g>
  );
}

function StopDisc({ disc, part, most }: { disc: Disc; part: PlacedPart; most: number }) {
  const value = part.figures[measure.value];
  const share = value === null ? 0 : value / most;
  return (
    <g class={value === null ? "stop hidden-stop" : "stop"} data-stop={part.id}>
      <title>{`${part.order}. ${part.title}: ${partText(value)}`}</title>
      <circle class="under" cx={disc.x} cy={disc.y} r={disc.r} />
      <circle class="over" cx={disc.x} cy={disc.y} r={disc.r} fill-opacity={0.06 + 0.3 * share} />
      <text class="order" x={disc.x} y={disc.y - 3}>
        {part.order}
      </text>
      <text class="count" x={disc.x} y={disc.y + 11}>
        {inDisc(value)}
      </text>
    </g>
  );
}

interface Props {
  /** Those that are published, in visiting order. */
  parts: PlacedPart[];
  line: LonLat[];
}

function Drawing({ parts, line, width }: Props & { width: number }) {
  const most = Math.max(1, ...parts.map(({ figures }) => figures[measure.value] ?? 0));
  const largest = Math.max(RADIUS_LARGEST_MIN_PX, width * RADIUS_MAX_OF_WIDTH);
  const places = parts.map(({ at }) => at);
  const projection = fit([...places, ...line], width, 2.5 * largest, HEIGHT_MIN_PX, HEIGHT_MAX_PX);
  const discs = parts.map(({ figures, at: place }) => {
    const at = projection.put(place);
    return { ...at, at, r: radius(figures[measure.value], most, largest) };
  });
  const placed = spread(discs, { width, height: projection.height - FOOT_PX });
  const path = line.map((place) => projection.put(place));
  const label = say(
    "路线图：每一站一个圆，圆越大数字越大。数字见旁边的表。",
    "Map of the route: one disc a stop, the larger the greater its figure. The table beside it has the figures.",
  );
  return (
    <svg
      class="stop-map"
      width={width}
      height={projection.height}
      viewBox={`0 0 ${width} ${projection.height}`}
      role="img"
      aria-label={`${label} ${nameOf(measure.value)}`}
    >
      <polyline
        class="route-line"
        points={path.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}
      />
      {placed.map(({ x, y, at }, i) => (
        <g key={parts[i]?.id}>
          <line class="leader" x1={at.x} y1={at.y} x2={x} y2={y} />
          <circle class="place" cx={at.x} cy={at.y} r={3} />
        </g>
      ))}
      {placed.map((disc, i) => {
        const part = parts[i];
        return part && <StopDisc key={part.id} disc={disc} part={part} most={most} />;
      })}
      <ScaleBar projection={projection} width={width} />
      <text class="north" x={width - 8} y={projection.height - 10}>
        {say("北↑", "N↑")}
      </text>
    </svg>
  );
}

export function StopMap({ parts, line }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const home = box.current;
    if (!home) return;
    const resized = new ResizeObserver(() => setWidth(home.clientWidth));
    resized.observe(home);
    return () => resized.disconnect();
  }, []);
  return (
    <div ref={box} class="map-box">
      {width > 0 && <Drawing parts={parts} line={line} width={width} />}
    </div>
  );
}
