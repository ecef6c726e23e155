// A picture for each route, drawn here: a hall's bracket and a gnomon's shadow for the route of the two masters, a boat between
// lock gates for the canal's; any other route gets its own line. They are symbols, no likeness of a place.
import "./pictures.css";
import type { RouteDetail } from "./content";
import { fit, toScreen } from "./map-view";

export function RoutePicture({ id, line }: { id: string; line: RouteDetail["line"] | undefined }) {
  const scene = SCENES[id];
  return (
    <svg class={`picture picture-${id in SCENES ? id : "line"}`} viewBox="0 0 400 180" aria-hidden="true">
      <rect class="sky" width="400" height="180" />
      {scene ? scene() : <Line line={line} />}
    </svg>
  );
}

const SCENES: Record<string, () => preact.JSX.Element> = {
  "confucius-mencius": Hall,
  "peoples-canal": Canal,
};

/** A two-eaved hall on its terrace, the noon sun, and a gnomon that throws its shadow on a scale. */
function Hall() {
  return (
    <g>
      <circle class="sun" cx="318" cy="42" r="20" />
      <path class="ray" d="M301 57L246 150" />
      <path class="ground" d="M0 150h400v30H0z" />
      <path class="stone" d="M40 134h170v16H40zM28 142h194v8H28z" />
      <path class="wall" d="M62 98h126v36H62zM76 64h98v16H76z" />
      <path
        class="roof"
        d="M30 98q22 -4 36 -18h118q14 14 36 18v5H30zM54 64q16 -3 26 -20h90q10 17 26 20v5H54z"
      />
      <path class="roof" d="M80 44q-4 -8 -12 -9h114q-8 1 -12 9z" />
      <path class="post" d="M70 103v31M94 103v31M156 103v31M180 103v31M125 103v31" />
      <path class="bracket" d="M64 101h12M88 101h12M119 101h12M150 101h12M174 101h12" />
      <path class="gnomon" d="M290 150v-72" />
      <path class="shadow" d="M290 152H246" />
      <path class="scale" d="M240 158h110M240 154v8M262 156v6M284 154v8M306 156v6M328 154v8M350 156v6" />
    </g>
  );
}

/** A boat in a lock: high water behind it, low water before it. */
function Canal() {
  return (
    <g>
      <circle class="sun" cx="66" cy="44" r="18" />
      <path class="far" d="M0 92q70 -38 140 -14t130 -8t130 14v40H0z" />
      <path class="bank" d="M0 104h128v76H0zM272 128h128v52H272z" />
      <path class="water" d="M0 96h128v22H0zM128 112h144v68H128zM272 140h128v40H272z" />
      <path
        class="wave"
        d="M8 102q10 -6 20 0t20 0t20 0t20 0M290 148q10 -6 20 0t20 0t20 0t20 0M140 120q10 -6 20 0t20 0M226 120q10 -6 20 0"
      />
      <path class="hull" d="M152 108h96l-14 20h-68z" />
      <path class="sail" d="M200 104V44q30 22 28 60zM194 104V58q-22 16 -24 46z" />
      <path class="gate" d="M124 78h10v102h-10zM266 78h10v102h-10z" />
      <path class="gate" d="M116 78h26v8h-26zM258 78h26v8h-26z" />
    </g>
  );
}

function Line({ line }: { line: RouteDetail["line"] | undefined }) {
  if (!line || line.coordinates.length === 0) return null;
  const points = line.coordinates.map(([lon, lat]) => ({ lat, lon }));
  const view = fit(points);
  const drawn = points.map((point) => toScreen(view, point));
  const d = drawn.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${(y * 0.5625).toFixed(1)}`).join("");
  return <path class="own-line" d={d} />;
}
