// Where a stop is, how well that is known, and where presence counts. Everything that the map does by hand can be written here.
import { say } from "../../shared/i18n";
import { place } from "../map/markers";
import { circle } from "../map/shapes";
import { degrees, type LonLat, ZONE_NEW_M, type Zone } from "../model";
import { frozen } from "../store";
import { Choice, Line, NumberField } from "./fields";
import type { PartProps } from "./StopForm";

export function ZonePart({ stop, put }: PartProps) {
  const { lat, lon } = stop.position;
  return (
    <>
      <fieldset class="pair">
        <legend>{say("位置（GPS 坐标，WGS 84）", "Position (GPS, WGS 84)")}</legend>
        <NumberField
          label={say("纬度", "Latitude")}
          path="position.lat"
          value={lat}
          min={-90}
          max={90}
          onChange={(value) => place(stop.id, lon, value, `position/${stop.id}`)}
        />
        <NumberField
          label={say("经度", "Longitude")}
          path="position.lon"
          value={lon}
          min={-180}
          max={180}
          onChange={(value) => place(stop.id, value, lat, `position/${stop.id}`)}
        />
      </fieldset>
      <ZoneFields stop={stop} put={put} />
      <Origin stop={stop} put={put} />
    </>
  );
}

function ZoneFields({ stop, put }: PartProps) {
  const zone: Zone = stop.zone ?? { kind: "circle", radius_m: 0 };
  const survey = zone.to_be_surveyed ? { to_be_surveyed: true } : {};
  const toKind = (kind: string) => {
    const radiusM = zone.kind === "circle" && zone.radius_m > 0 ? zone.radius_m : ZONE_NEW_M;
    const outline = circle(stop.position, radiusM, 8).map(([x, y]): LonLat => [degrees(x), degrees(y)]);
    put(
      {
        zone:
          kind === "circle"
            ? { kind: "circle", radius_m: ZONE_NEW_M, ...survey }
            : { kind: "polygon", coordinates: [outline], ...survey },
      },
      null,
    );
  };
  return (
    <fieldset>
      <legend>{say("打卡范围", "Check-in zone")}</legend>
      <Choice
        label={say("形状", "Shape")}
        path="zone.kind"
        value={zone.kind}
        options={[
          ["circle", say("圆形", "circle")],
          ["polygon", say("多边形", "polygon")],
        ]}
        onChange={toKind}
      />
      {zone.kind === "circle" ? (
        <NumberField
          label={say("半径（米）", "Radius (m)")}
          path="zone.radius_m"
          value={zone.radius_m}
          min={1}
          max={100_000}
          hint={say(
            "手机定位一般有 10 到 30 米误差，空旷处建议 50 米以上。",
            "Phones are off by 10 to 30 m as a rule; on open ground take 50 m or more.",
          )}
          onChange={(radius_m) => put({ zone: { ...zone, radius_m } }, "radius")}
        />
      ) : (
        <Corners
          zone={zone}
          onChange={(coordinates, what) => put({ zone: { ...zone, coordinates } }, what)}
        />
      )}
      <label class="tick">
        <input
          type="checkbox"
          data-path="zone.to_be_surveyed"
          disabled={frozen.value}
          checked={zone.to_be_surveyed === true}
          onChange={() => {
            const { to_be_surveyed: was, ...others } = zone;
            put({ zone: (was ? others : { ...others, to_be_surveyed: true }) as Zone }, null);
          }}
        />
        {say("位置还没有实地测量", "Nobody has measured the place yet")}
      </label>
    </fieldset>
  );
}

interface CornersProps {
  zone: Extract<Zone, { kind: "polygon" }>;
  onChange: (coordinates: LonLat[][], what: string | null) => void;
}

/** The corners of the outline as numbers, for who does not draw with a mouse. The last one closes the ring and is not shown. */
function Corners({ zone, onChange }: CornersProps) {
  const [outline = [], ...holes] = zone.coordinates;
  const corners = outline.slice(0, -1);
  const take = (next: LonLat[], what: string | null) => onChange([[...next, next[0]], ...holes], what);
  const put = (at: number, corner: LonLat, what: string) =>
    take(
      corners.map((one, i) => (i === at ? corner : one)),
      what,
    );
  return (
    <details>
      <summary>
        {say(
          `${corners.length} 个角点（也可在地图上拖）`,
          `${corners.length} corners (or drag them on the map)`,
        )}
      </summary>
      {corners.map(([lon, lat], at) => (
        <div class="pair corner" key={at}>
          <NumberField
            label={say(`角点 ${at + 1} 纬度`, `Corner ${at + 1} latitude`)}
            path={`zone.coordinates[${at}].lat`}
            value={lat}
            min={-90}
            max={90}
            onChange={(value) => put(at, [lon, value], `corner${at}`)}
          />
          <NumberField
            label={say(`角点 ${at + 1} 经度`, `Corner ${at + 1} longitude`)}
            path={`zone.coordinates[${at}].lon`}
            value={lon}
            min={-180}
            max={180}
            onChange={(value) => put(at, [value, lat], `corner${at}`)}
          />
          {corners.length > 3 && (
            <button
              type="button"
              class="quiet"
              disabled={frozen.value}
              onClick={() =>
                take(
                  corners.filter((_, i) => i !== at),
                  null,
                )
              }
            >
              {say(`删除角点 ${at + 1}`, `Delete corner ${at + 1}`)}
            </button>
          )}
        </div>
      ))}
    </details>
  );
}

function Origin({ stop, put }: PartProps) {
  const origin = stop.coordinate ?? {};
  const change = (members: Partial<typeof origin>, what: string) =>
    put({ coordinate: { ...origin, ...members } as typeof stop.coordinate }, what);
  return (
    <fieldset>
      <legend>{say("坐标从哪里来", "Where the position comes from")}</legend>
      <Choice
        label={say("得来方式", "How it was come by")}
        path="coordinate.confidence"
        value={stop.coordinate?.confidence ?? "derived"}
        options={[
          ["surveyed", say("实地测量", "measured on the spot")],
          ["sourced", say("公开发表", "published")],
          ["derived", say("推算", "worked out")],
        ]}
        onChange={(confidence) => change({ confidence: confidence as "surveyed" }, "confidence")}
      />
      <Line
        label={say("出处", "Source")}
        path="coordinate.source"
        value={stop.coordinate?.source ?? ""}
        onChange={(source) => change({ source }, "origin")}
      />
      <NumberField
        label={say("误差不超过（米）", "May be off by (m)")}
        path="coordinate.precision_m"
        value={stop.coordinate?.precision_m}
        min={0.01}
        max={100_000}
        onChange={(precision_m) => change({ precision_m }, "precision")}
      />
      <Line
        label={say("怎样推算（推算的坐标要写）", "How it was worked out (for positions that were)")}
        path="coordinate.derivation"
        value={stop.coordinate?.derivation ?? ""}
        onChange={(derivation) => change({ derivation: derivation || null }, "derivation")}
      />
    </fieldset>
  );
}
