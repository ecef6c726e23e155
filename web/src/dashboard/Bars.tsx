// Bars as a drawing that prints sharply: one per value, on a line, with the greatest value said. What is hidden is a ring on the line.
import { partText } from "./figures";

export interface Bar {
  key: string;
  /** Under the bar, if anything. */
  label: string;
  value: number | null;
}

interface Props {
  bars: Bar[];
  width: number;
  height: number;
  /** Says what is drawn to whoever cannot see it. */
  title: string;
}

const TOP = 18;
const BOTTOM = 20;

function Value({
  bar,
  x,
  width,
  height,
  most,
}: {
  bar: Bar;
  x: number;
  width: number;
  height: number;
  most: number;
}) {
  const line = height - BOTTOM;
  if (bar.value === null) {
    return <circle class="hidden-mark" cx={x + width / 2} cy={line} r={Math.min(4, width / 2.5)} />;
  }
  const tall = (bar.value / most) * (line - TOP);
  return (
    <rect class="bar" x={x + width * 0.12} y={line - tall} width={width * 0.76} height={tall}>
      <title>{`${bar.label} ${partText(bar.value)}`}</title>
    </rect>
  );
}

export function Bars({ bars, width, height, title }: Props) {
  const most = Math.max(1, ...bars.map(({ value }) => value ?? 0));
  const each = width / Math.max(1, bars.length);
  const line = height - BOTTOM;
  const best = bars.findIndex(({ value }) => value === most);
  return (
    <svg class="bars" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title}>
      <line class="base" x1={0} x2={width} y1={line} y2={line} />
      {bars.map((bar, i) => (
        <g key={bar.key}>
          <Value bar={bar} x={i * each} width={each} height={height} most={most} />
          {bar.label && (
            <text class="label" x={(i + 0.5) * each} y={height - 5}>
              {bar.label}
            </text>
          )}
        </g>
      ))}
      {best >= 0 && (
        <text class="most" x={Math.min(Math.max((best + 0.5) * each, 24), width - 24)} y={TOP - 5}>
          {partText(most)}
        </text>
      )}
    </svg>
  );
}
