// An exhibit as something that stands in the world: its model, or a sign board where there is none or it cannot be loaded.
import { AnimationMixer, Box3, Group, type Object3D, Quaternion, Vector3 } from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import type { Exhibit } from "../content";
import { savesData } from "../taking";
import { board } from "./board";
import { poseTurn } from "./place";

export interface Pin {
  number: number;
  label: { "zh-CN"?: string; en?: string };
}

export interface Thing {
  object: Group;
  /** Turns to who looks at it, because it is to be read. */
  faces: boolean;
  /** Half of its greatest extent over the ground, metres. */
  radius_m: number;
  /** The ball that holds it, about its own origin, metres. */
  ball: { centre: Vector3; radius: number };
  /** The texts of the numbered pins on it. */
  legend: Pin[];
  /** It shows how something works, not how it looked. */
  schematic: boolean;
  moves: boolean;
  /** A model was wanted and could not be had. */
  failed: boolean;
  play: (seconds: number) => void;
  dispose: () => void;
}

export async function thing(exhibit: Exhibit): Promise<Thing> {
  const hrefs = models(exhibit);
  for (const href of hrefs) {
    const loaded = await new GLTFLoader().loadAsync(href).catch(() => null);
    if (!loaded) continue;
    const mixer = new AnimationMixer(loaded.scene);
    for (const clip of loaded.animations) mixer.clipAction(clip).play();
    const { schematic, legend } = (loaded.asset.extras ?? {}) as { schematic?: boolean; legend?: Pin[] };
    return {
      ...stood(loaded.scene, exhibit),
      faces: false,
      legend: Array.isArray(legend) ? legend : [],
      schematic: schematic === true,
      moves: loaded.animations.length > 0,
      failed: false,
      play: (seconds) => void mixer.update(seconds),
    };
  }
  return {
    ...stood(board(exhibit.title, exhibit.text), exhibit),
    faces: true,
    legend: [],
    schematic: false,
    moves: false,
    failed: hrefs.length > 0,
    play: () => undefined,
  };
}

/** The model wanted first, then the other, which may be the one that is on the phone. */
function models({ assets }: Exhibit): string[] {
  const roles = savesData() ? ["reduced", "full"] : ["full", "reduced"];
  return roles.flatMap((role) =>
    assets
      .filter((asset) => asset.role === role && asset.media_type === "model/gltf-binary")
      .map(({ href }) => href),
  );
}

function stood(content: Object3D, { geopose, scale }: Exhibit) {
  content.scale.multiplyScalar(scale);
  const object = new Group().add(content);
  const box = new Box3().setFromObject(object);
  const size = box.getSize(new Vector3());
  object.quaternion.copy(new Quaternion(...poseTurn(geopose.quaternion)));
  return {
    object,
    radius_m: Math.max(size.x, size.z) / 2,
    ball: { centre: box.getCenter(new Vector3()), radius: size.length() / 2 },
    dispose: () => drop(object),
  };
}

/** Frees what the graphics card holds. */
function drop(object: Object3D) {
  object.traverse((part) => {
    const { geometry, material } = part as { geometry?: { dispose(): void }; material?: unknown };
    geometry?.dispose();
    for (const one of Array.isArray(material) ? material : [material]) {
      (one as { map?: { dispose(): void } } | undefined)?.map?.dispose();
      (one as { dispose?(): void } | undefined)?.dispose?.();
    }
  });
}
