// The ground plane in three's frame: x east, y up, z south, as glTF has it, so that a model that is unturned faces as the server's
// east-north-up frame says.
import {
  AmbientLight,
  Box3,
  BoxGeometry,
  DirectionalLight,
  GridHelper,
  Group,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

const GRID_M = 20;

export class Stage {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(45, 1, 0.05, 2_000);
  private readonly controls: OrbitControls;
  private readonly model = new Group();
  private size = new Vector3(1, 1, 1);

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.renderer.setSize(canvas.clientWidth, canvas.clientHeight, false);
    this.camera.aspect = canvas.clientWidth / Math.max(1, canvas.clientHeight);
    this.camera.updateProjectionMatrix();
    const sun = new DirectionalLight(0xffffff, 2.4);
    sun.position.set(4, 10, 6);
    const north = new Mesh(new BoxGeometry(GRID_M, 0.02, 0.15), new MeshBasicMaterial({ color: 0xa3261c }));
    north.position.z = -GRID_M / 2;
    this.scene.add(
      new AmbientLight(0xffffff, 1.4),
      sun,
      new GridHelper(GRID_M, GRID_M, 0x666666, 0x999999),
      north,
      this.model,
    );
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.addEventListener("change", () => this.draw());
  }

  /** Gives the model's own width, height and depth, metres. */
  async load(href: string): Promise<[number, number, number]> {
    const gltf = await new GLTFLoader().loadAsync(href);
    this.model.add(gltf.scene);
    new Box3().setFromObject(gltf.scene).getSize(this.size);
    return [this.size.x, this.size.y, this.size.z];
  }

  pose(turnDeg: number, scale: number, heightM: number) {
    this.model.rotation.y = (-turnDeg * Math.PI) / 180;
    this.model.scale.setScalar(scale);
    this.model.position.y = heightM;
    const reach = Math.max(this.size.x, this.size.y, this.size.z, 0.5) * scale;
    this.controls.target.set(0, heightM + (this.size.y * scale) / 2, 0);
    this.camera.position.set(0.9 * reach, heightM + 0.9 * reach, 1.7 * reach);
    this.controls.update();
    this.draw();
  }

  /** Goes round the model by so many degrees. */
  look(byDeg: number) {
    const around = this.controls.target;
    this.camera.position
      .sub(around)
      .applyAxisAngle(new Vector3(0, 1, 0), (byDeg * Math.PI) / 180)
      .add(around);
    this.controls.update();
    this.draw();
  }

  end() {
    this.controls.dispose();
    this.renderer.dispose();
  }

  private draw() {
    this.renderer.render(this.scene, this.camera);
  }
}
