// The files of an exhibit: sent in parts, told what each is for, and named with who made it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Schemas } from "../../shared/api";
import { say, whole } from "../../shared/i18n";
import { type Asset, type Content, changeWaypoint } from "../model";
import { edit, frozen } from "../store";
import { mistake } from "../words/mistakes";
import type { ExhibitProps } from "./Exhibits";
import { Choice, Line } from "./fields";
import { assetOf, roleFor, upload } from "./upload";

export function Files({ exhibit, stop, path, onChange }: ExhibitProps) {
  const assets = exhibit.assets ?? [];
  const take = (kept: Schemas["DesignAsset"]) => edit((now) => withFile(now, stop.id, exhibit.id, kept));
  return (
    <fieldset class="stack">
      <legend>{say("文件", "Files")}</legend>
      {assets.map((asset, at) => (
        <AssetFields
          key={`${asset.sha256}${at}`}
          asset={asset}
          number={at + 1}
          path={`${path}.assets[${at}]`}
          onChange={(members, what) =>
            onChange(
              { assets: assets.map((one, i) => (i === at ? { ...one, ...members } : one)) },
              what && `asset${at}/${what}`,
            )
          }
          onRemove={() => onChange({ assets: assets.filter((_, i) => i !== at) }, null)}
        />
      ))}
      <Sender path={`${path}.assets`} onKept={take} />
    </fieldset>
  );
}

/** The content as it is when the file has come, which may be another than when it was chosen. */
function withFile(now: Content, stopId: string, exhibitId: string, kept: Schemas["DesignAsset"]): Content {
  const exhibits = now.waypoints
    .find((one) => one.id === stopId)
    ?.exhibits?.map((one) => {
      const assets = one.assets ?? [];
      return one.id === exhibitId
        ? { ...one, assets: [...assets, assetOf(kept, roleFor(kept, assets))] }
        : one;
    });
  return exhibits ? changeWaypoint(now, stopId, { exhibits }) : now;
}

interface AssetProps {
  asset: Asset;
  number: number;
  path: string;
  onChange: (members: Partial<Asset>, what: string | null) => void;
  onRemove: () => void;
}

function AssetFields({ asset, number, path, onChange, onRemove }: AssetProps) {
  return (
    <div class="card stack">
      <p class="small">{`${asset.media_type} · ${whole(Math.ceil(asset.bytes / 1024))} kB`}</p>
      <Choice
        label={say(`文件 ${number} 的用处`, `File ${number} is for`)}
        path={`${path}.role`}
        value={asset.role}
        options={[
          ["full", say("正式展示", "showing")],
          ["reduced", say("弱网时用的小文件", "slow networks")],
          ["preview", say("缩略图", "lists")],
          ["ios", say("iPhone 用", "iPhones")],
        ]}
        onChange={(role) => onChange({ role }, null)}
      />
      <Line
        label={say("作者或来源", "Who made it")}
        path={`${path}.source`}
        value={asset.source ?? ""}
        onChange={(source) => onChange({ source }, "source")}
      />
      <Line
        label={say("许可方式，如 CC-BY-4.0", "Licence, such as CC-BY-4.0")}
        path={`${path}.license`}
        value={asset.license ?? ""}
        onChange={(license) => onChange({ license }, "license")}
      />
      <button type="button" class="quiet" disabled={frozen.value} onClick={onRemove}>
        {say(`去掉文件 ${number}`, `Remove file ${number}`)}
      </button>
    </div>
  );
}

/** Sends a file and tells how far it has come. */
function Sender({ path, onKept }: { path: string; onKept: (kept: Schemas["DesignAsset"]) => void }) {
  const id = useId();
  const [state, problem, warnings] = [useSignal(""), useSignal(""), useSignal<string[]>([])];
  const send = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (!file) return;
    [problem.value, warnings.value] = ["", []];
    state.value = say("正在上传……", "Sending …");
    try {
      const kept = await upload(file, (share) => {
        state.value = say(`已上传 ${Math.round(share * 100)}%`, `${Math.round(share * 100)} % sent`);
      });
      warnings.value = kept.warnings;
      onKept(kept);
    } catch (error) {
      problem.value = mistake(error);
    }
    state.value = "";
    input.value = "";
  };
  return (
    <>
      <label for={id} class="drop">
        {say("上传文件（GLB、图片、声音、视频）", "Send a file (GLB, picture, sound, film)")}
      </label>
      <input
        id={id}
        type="file"
        class="hidden-but-read"
        data-path={path}
        disabled={frozen.value || state.value !== ""}
        onChange={(event) => send(event.currentTarget)}
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
    </>
  );
}
