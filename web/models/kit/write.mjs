// A model as one binary glTF file. Two extensions that viewers read without a decoder: KHR_materials_unlit for what glows,
// and KHR_mesh_quantization, so that a normal takes three bytes instead of twelve.
import { Document, NodeIO } from "@gltf-transform/core";
import { KHRMaterialsUnlit, KHRMeshQuantization } from "@gltf-transform/extensions";
import { every } from "./model.mjs";
import { flatMesh, mesh } from "./shape.mjs";

/** Colours are in the corners; a material says what the surface does with light. */
export const MATERIALS = {
  matt: { roughness: 0.9, metal: 0, alpha: 1 },
  metal: { roughness: 0.35, metal: 0.6, alpha: 1 },
  water: { roughness: 0.2, metal: 0, alpha: 0.6 },
  glass: { roughness: 0.1, metal: 0, alpha: 0.22 },
  glow: { roughness: 1, metal: 0, alpha: 1, unlit: true },
};

/** `flat` leaves the normals out: viewers then shade each triangle flat, and the file is much smaller. */
export async function glb(model, { flat = false } = {}) {
  const document = new Document();
  const writer = new Writer(document, flat);
  const scene = document.createScene(model.name).addChild(writer.node(model.root));
  const root = document.getRoot().setDefaultScene(scene);
  root.getAsset().generator = "studyroute models";
  root.getAsset().extras = { schematic: model.schematic, legend: legend(model) };
  writer.motion(model);
  const io = new NodeIO().registerExtensions([KHRMaterialsUnlit, KHRMeshQuantization]);
  return io.writeBinary(document);
}

/** The texts of the numbered pins, in order. */
export function legend(model) {
  const labelled = [...every(model.root)].filter((one) => one.extras?.label).map((one) => one.extras);
  return labelled.sort((a, b) => a.number - b.number);
}

class Writer {
  constructor(document, flat) {
    this.document = document;
    this.weld = flat ? flatMesh : mesh;
    this.buffer = document.createBuffer();
    if (!flat) document.createExtension(KHRMeshQuantization).setRequired(true);
    this.nodes = new Map();
    this.meshes = new Map();
    this.materials = new Map();
    this.times = new Map();
  }

  node(part) {
    const node = this.document.createNode(part.name);
    // The first moment of the loop, for viewers that play no animations.
    const at = (property) => part.tracks[property]?.[0][1] ?? part[property];
    node.setTranslation(at("translation")).setRotation(at("rotation")).setScale(at("scale"));
    if (part.extras) node.setExtras(part.extras);
    if (part.skins.length > 0) node.setMesh(this.mesh(part));
    for (const child of part.children) node.addChild(this.node(child));
    this.nodes.set(part, node);
    return node;
  }

  mesh(part) {
    if (this.meshes.has(part.skins)) return this.meshes.get(part.skins);
    const out = this.document.createMesh(part.name);
    for (const { shape, material } of part.skins)
      out.addPrimitive(this.primitive(this.weld(shape), material));
    this.meshes.set(part.skins, out);
    return out;
  }

  primitive({ positions, normals, colours, indices }, material) {
    const Index = positions.length / 3 > 65_534 ? Uint32Array : Uint16Array;
    const tints = new Uint8Array((colours.length / 3) * 4).fill(255);
    colours.forEach((v, i) => {
      tints[Math.floor(i / 3) * 4 + (i % 3)] = Math.round(v * 255);
    });
    const out = this.document.createPrimitive();
    if (normals) {
      const ways = new Int8Array(normals.map((v) => Math.round(v * 127)));
      out.setAttribute("NORMAL", this.accessor("VEC3", ways).setNormalized(true));
    }
    return out
      .setAttribute("POSITION", this.accessor("VEC3", new Float32Array(positions)))
      .setAttribute("COLOR_0", this.accessor("VEC4", tints).setNormalized(true))
      .setIndices(this.accessor("SCALAR", new Index(indices)))
      .setMaterial(this.material(material));
  }

  accessor(type, array) {
    return this.document.createAccessor().setType(type).setArray(array).setBuffer(this.buffer);
  }

  material(name) {
    if (this.materials.has(name)) return this.materials.get(name);
    const { roughness, metal, alpha, unlit } = MATERIALS[name];
    const out = this.document
      .createMaterial(name)
      .setBaseColorFactor([1, 1, 1, alpha])
      .setRoughnessFactor(roughness)
      .setMetallicFactor(metal);
    if (alpha < 1) out.setAlphaMode("BLEND").setDoubleSided(true);
    if (unlit) {
      const extension = this.document.createExtension(KHRMaterialsUnlit);
      out.setExtension("KHR_materials_unlit", extension.createUnlit());
    }
    this.materials.set(name, out);
    return out;
  }

  motion(model) {
    const moving = [...every(model.root)].filter((part) => Object.keys(part.tracks).length > 0);
    if (moving.length === 0) return;
    const animation = this.document.createAnimation("loop");
    for (const part of moving) {
      for (const [property, keys] of Object.entries(part.tracks)) {
        const sampler = this.document
          .createAnimationSampler()
          .setInput(this.seconds(keys, model.seconds))
          .setOutput(this.values(property, keys));
        const channel = this.document.createAnimationChannel();
        channel.setTargetNode(this.nodes.get(part)).setTargetPath(property).setSampler(sampler);
        animation.addSampler(sampler).addChannel(channel);
      }
    }
  }

  /** Key times, shared by every track that has the same ones. */
  seconds(keys, end) {
    const list = keys.map(([t]) => t);
    if (list[0] !== 0 || list.at(-1) !== end)
      throw new Error(`a track runs from ${list[0]} to ${list.at(-1)}, not 0 to ${end}`);
    const id = list.join();
    if (!this.times.has(id)) this.times.set(id, this.accessor("SCALAR", new Float32Array(list)));
    return this.times.get(id);
  }

  values(property, keys) {
    return this.accessor(
      property === "rotation" ? "VEC4" : "VEC3",
      new Float32Array(keys.flatMap(([, v]) => v)),
    );
  }
}
