// Exhibits of a stop: what each is, then its files, how it stands, and what it looks like.
import { useSignal } from "@preact/signals";
import { say, shown } from "../../shared/i18n";
import type { Exhibit, Waypoint } from "../model";
import { Files } from "./Files";
import { Choice, Listed, Pair } from "./fields";
import { ModelPreview } from "./ModelPreview";
import { PoseFields } from "./PoseFields";
import { turnOf } from "./pose";
import type { PartProps } from "./StopForm";

const TRIGGER_NEW_M = 50;

/** What each part of an exhibit's form gets. */
export interface ExhibitProps {
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
        const props: ExhibitProps = {
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
            <PoseFields {...props} />
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

function About({ exhibit, path, onChange }: ExhibitProps) {
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

/** The first model or picture among the files. */
function Shown({ exhibit }: ExhibitProps) {
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
      {picture && <img class="picture" src={picture.href} alt={shown(exhibit.alt)} loading="lazy" />}
    </>
  );
}
