// Exhibits of a stop: what they are, their files, and how they stand on the ground.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { say, whole } from "../../shared/i18n";
import { offsetM, shifted } from "../map/shapes";
import { type Asset, degrees, type Exhibit, type Waypoint } from "../model";
import { frozen } from "../store";
import { mistake } from "../words/mistakes";
import { Choice, Line, Listed, NumberField, Pair } from "./fields";
import { ModelPreview } from "./ModelPreview";
import { isTilted, turnedTo, turnOf } from "./pose";
import type { PartProps } from "./StopForm";
import { assetOf, roleFor, upload } from "./upload";

const TRIGGER_NEW_M = 50;

interface Props {
  exhibit: Exhibit;
  stop: Waypoint;
  path: string;
  onChange: (members: Partial<Exhibit>, what: string | null) => void;
}

export function ExhibitsPart({ stop, put }: PartProps) {
  const exhibits = stop.exhibits ?? [];
  return (
    <Listed
      items={exhibits}
      name={say("展品", "Exhibit")}
      addWords={say("添加展品", "Add an exhibit")}
      blank={() => blank(stop)}
      onChange={(next) => put({ exhibits: next }, null)}
    >
      {(exhibit, at) => {
        const props: Props = {
          exhibit,
          stop,
          path: `exhibits[${at}]`,
          onChange: (members, what) =>
            put(
              { exhibits: exhibits.map((one, i) => (i === at ? { ...one, ...members } : one)) },
              what && `exhibit${at}/${what}`,
            ),
        };
        return (
          <>
            <About {...props} />
            {exhibit.kind !== "text" && <Files {...props} />}
            <Pose {...props} />
            <Shown {...props} />
          </>
        );
      }}
    </Listed>
  );
}

function blank(stop: Waypoint): Exhibit {
  const taken = new Set(stop.exhibits?.map((one) => one.id));
  let number = taken.size + 1;
  while (taken.has(`exhibit-${number}`)) number += 1;
  const { lat, lon } = stop.position;
  return {
    id: `exhibit-${number}`,
    kind: "text",
    title: {},
    alt: {},
    text: {},
    geopose: { position: { lat, lon, h: 0 }, quaternion: { x: 0, y: 0, z: 0, w: 1 } },
    height_datum: "ground",
    scale: 1,
    trigger_m: stop.zone?.kind === "circle" ? Math.max(stop.zone.radius_m, 1) : TRIGGER_NEW_M,
    assets: [],
  };
}

function About({ exhibit, path, onChange }: Props) {
  return (
    <>
      <Choice
        label={say("类型", "Kind")}
        path={`${path}.kind`}
        value={exhibit.kind}
        options={[
          ["text", say("文字", "text")],
          ["model", say("三维模型", "3-D model")],
          ["image", say("图片", "picture")],
          ["audio", say("声音", "sound")],
          ["video", say("视频", "film")],
        ]}
        onChange={(kind) => onChange({ kind: kind as Exhibit["kind"] }, null)}
      />
      <Pair
        label={say("名称", "Name")}
        path={`${path}.title`}
        value={exhibit.title}
        onChange={(title) => onChange({ title }, "title")}
      />
      <Pair
        label={say("说明", "What it shows")}
        path={`${path}.text`}
        long
        value={exhibit.text}
        onChange={(text) => onChange({ text }, "text")}
      />
      <Pair
        label={say("给看不见的人的描述", "Description for who cannot see it")}
        path={`${path}.alt`}
        long
        value={exhibit.alt}
        onChange={(alt) => onChange({ alt }, "alt")}
      />
    </>
  );
}

function Files({ exhibit, path, onChange }: Props) {
  const id = useId();
  const [state, problem, warnings] = [useSignal(""), useSignal(""), useSignal<string[]>([])];
  const assets = exhibit.assets ?? [];
  const change = (at: number, members: Partial<Asset>, what: string | null) =>
    onChange({ assets: assets.map((one, i) => (i === at ? { ...one, ...members } : one)) }, what);
  const take = async (file: File | undefined) => {
    if (!file) return;
    [problem.value, warnings.value] = ["", []];
    try {
      const kept = await upload(file, (share) => {
        state.value = say(`已上传 ${Math.round(share * 100)}%`, `${Math.round(share * 100)} % sent`);
      });
      warnings.value = kept.warnings;
      onChange({ assets: [...assets, assetOf(kept, roleFor(kept, assets))] }, null);
    } catch (error) {
      problem.value = mistake(error);
    }
    state.value = "";
  };
  return (
    <fieldset>
      <legend>{say("文件", "Files")}</legend>
      {assets.map((asset, at) => (
        <div key={at} class="card stack">
          <p class="small">{`${asset.media_type} · ${whole(Math.ceil(asset.bytes / 1024))} kB`}</p>
          <Choice
            label={say(`文件 ${at + 1} 的用处`, `File ${at + 1} is for`)}
            path={`${path}.assets[${at}].role`}
            value={asset.role}
            options={[
              ["full", say("正式展示", "showing")],
              ["reduced", say("弱网时用的小文件", "slow networks")],
              ["preview", say("缩略图", "lists")],
              ["ios", say("iPhone 用", "iPhones")],
            ]}
            onChange={(role) => change(at, { role }, null)}
          />
          <Line
            label={say("作者或来源", "Who made it")}
            path={`${path}.assets[${at}].source`}
            value={asset.source ?? ""}
            onChange={(source) => change(at, { source }, `asset${at}/source`)}
          />
          <Line
            label={say("许可方式，如 CC-BY-4.0", "Licence, such as CC-BY-4.0")}
            path={`${path}.assets[${at}].license`}
            value={asset.license ?? ""}
            onChange={(license) => change(at, { license }, `asset${at}/license`)}
          />
          <button
            type="button"
            class="quiet"
            disabled={frozen.value}
            onClick={() => onChange({ assets: assets.filter((_, i) => i !== at) }, null)}
          >
            {say(`去掉文件 ${at + 1}`, `Remove file ${at + 1}`)}
          </button>
        </div>
      ))}
      <label for={id}>
        {say("上传文件（GLB、图片、声音、视频）", "Send a file (GLB, picture, sound, film)")}
      </label>
      <input
        id={id}
        type="file"
        class="hidden-but-read"
        data-path={`${path}.assets`}
        disabled={frozen.value || state.value !== ""}
        onChange={(event) => take(event.currentTarget.files?.[0])}
      />
      <p role="status">{state.value}</p>
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
      {warnings.value.map((one) => (
        <p key={one} class="doubt" lang="en">
          {one}
        </p>
      ))}
    </fieldset>
  );
}

/** Turn, size and height on the ground plane, and where it stands from the stop in metres east and north. */
function Pose({ exhibit, stop, path, onChange }: Props) {
  const { position, quaternion } = exhibit.geopose;
  const { east, north } = offsetM(stop.position, position);
  const stand = (eastM: number, northM: number) => {
    const at = shifted(stop.position, eastM, northM);
    const moved = { ...position, lat: degrees(at.lat), lon: degrees(at.lon) };
    onChange({ geopose: { ...exhibit.geopose, position: moved } }, "place");
  };
  const cm = (value: number) => Math.round(value * 100) / 100;
  return (
    <fieldset>
      <legend>{say("摆放（也可在地图上拖 ▲）", "Placing (or drag ▲ on the map)")}</legend>
      <div class="pair">
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

/** The first model or picture among the files. */
function Shown({ exhibit }: Props) {
  const open = useSignal(false);
  const assets = exhibit.assets ?? [];
  const model =
    assets.find((one) => one.media_type === "model/gltf-binary" && one.role === "full") ??
    assets.find((one) => one.media_type === "model/gltf-binary");
  const picture = assets.find((one) => one.media_type.startsWith("image/"));
  if (model && open.value) {
    const { quaternion, position } = exhibit.geopose;
    const h = exhibit.height_datum === "ground" ? position.h : 0;
    return (
      <ModelPreview
        key={model.sha256}
        href={model.href}
        turnDeg={turnOf(quaternion)}
        scale={exhibit.scale}
        heightM={h}
      />
    );
  }
  return (
    <>
      {model && (
        <button type="button" onClick={() => (open.value = true)}>
          {say("看三维模型", "Look at the model")}
        </button>
      )}
      {picture && (
        <img
          class="picture"
          src={picture.href}
          alt={exhibit.alt?.["zh-CN"] ?? exhibit.alt?.en ?? ""}
          loading="lazy"
        />
      )}
    </>
  );
}
