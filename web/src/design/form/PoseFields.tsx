// How an exhibit stands on the ground plane.
import { say } from "../../shared/i18n";
import { offsetM, shifted } from "../map/shapes";
import { degrees } from "../model";
import type { ExhibitProps } from "./Exhibits";
import { NumberField } from "./fields";
import { isTilted, turnedTo, turnOf } from "./pose";

/** Turn, size and height, and where it stands. */
export function PoseFields({ exhibit, stop, path, onChange }: ExhibitProps) {
  const { position, quaternion } = exhibit.geopose;
  return (
    <fieldset>
      <legend>{say("摆放（也可在地图上拖 ▲）", "Placing (or drag ▲ on the map)")}</legend>
      <div class="pair">
        <Stand exhibit={exhibit} stop={stop} path={path} onChange={onChange} />
        <NumberField
          label={say("朝向（从北顺时针，度）", "Turned (clockwise from north, °)")}
          path={`${path}.geopose.quaternion`}
          value={turnOf(quaternion)}
          min={0}
          max={360}
          hint={
            isTilted(quaternion)
              ? say("这件展品是倾斜的；转动时倾斜不变。", "This exhibit is tilted; turning keeps the tilt.")
              : undefined
          }
          onChange={(turn) =>
            onChange({ geopose: { ...exhibit.geopose, quaternion: turnedTo(quaternion, turn) } }, "turn")
          }
        />
        <NumberField
          label={say("大小（倍）", "Size (times)")}
          path={`${path}.scale`}
          value={exhibit.scale}
          min={0.001}
          max={1000}
          onChange={(scale) => onChange({ scale }, "scale")}
        />
        <NumberField
          label={
            exhibit.height_datum === "ground"
              ? say("离地高度（米）", "Above the ground (m)")
              : say("椭球高（米）", "Above the ellipsoid (m)")
          }
          path={`${path}.geopose.position.h`}
          value={position.h}
          min={-1000}
          max={9000}
          onChange={(h) =>
            onChange({ geopose: { ...exhibit.geopose, position: { ...position, h } } }, "height")
          }
        />
        <NumberField
          label={say("多近时出现（米）", "Appears within (m)")}
          path={`${path}.trigger_m`}
          value={exhibit.trigger_m}
          min={0.1}
          max={100_000}
          onChange={(trigger_m) => onChange({ trigger_m }, "trigger")}
        />
      </div>
    </fieldset>
  );
}

/** Where it stands, from its stop. */
function Stand({ exhibit, stop, path, onChange }: ExhibitProps) {
  const { position } = exhibit.geopose;
  const { east, north } = offsetM(stop.position, position);
  const stand = (eastM: number, northM: number) => {
    const at = shifted(stop.position, eastM, northM);
    const moved = { ...position, lat: degrees(at.lat), lon: degrees(at.lon) };
    onChange({ geopose: { ...exhibit.geopose, position: moved } }, "place");
  };
  const cm = (value: number) => Math.round(value * 100) / 100;
  return (
    <>
      <NumberField
        label={say("在站点以东（米）", "East of the stop (m)")}
        path={`${path}.geopose.position.lon`}
        value={cm(east)}
        min={-2000}
        max={2000}
        onChange={(value) => stand(value, north)}
      />
      <NumberField
        label={say("在站点以北（米）", "North of the stop (m)")}
        path={`${path}.geopose.position.lat`}
        value={cm(north)}
        min={-2000}
        max={2000}
        onChange={(value) => stand(east, value)}
      />
    </>
  );
}
