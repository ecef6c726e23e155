// The drawing of one thing on a canvas: light, camera, a loop. Who looks, and from where, is told it from outside.
import {
  Color,
  DirectionalLight,
  GridHelper,
  HemisphereLight,
  PerspectiveCamera,
  Scene,
  WebGLRenderer,
} from "three";
import type { Thing } from "./thing";

/** Called before each picture with the seconds since the last one. */
export type Step = (dt_s: number) => void;

export class Stage {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(50, 1, 0.05, 5_000);
  readonly renderer: WebGLRenderer;
  playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  private readonly floor: GridHelper;
  private last_ms = 0;

  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly thing: Thing,
  ) {
    this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias: true });
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    const sun = new DirectionalLight(0xffffff, 2);
    sun.position.set(3, 6, 4);
    const size = Math.max(4, Math.ceil(thing.radius_m) * 4);
    this.floor = new GridHelper(size, size, 0x7d8a94, 0xb8bfc4);
    this.scene.add(new HemisphereLight(0xffffff, 0xb9a98a, 1.6), sun, thing.object, this.floor);
  }

  /** A floor of metres and a plain background, for where nothing real is behind. */
  alone(is: boolean) {
    this.floor.visible = is;
    this.scene.background = is ? new Color(0xe6ebee) : null;
  }

  start(step: Step) {
    this.renderer.setAnimationLoop((now) => {
      const dt_s = this.last_ms === 0 ? 0 : Math.min((now - this.last_ms) / 1_000, 0.25);
      this.last_ms = now;
      this.fit();
      step(dt_s);
      if (this.playing) this.thing.play(dt_s);
      this.renderer.render(this.scene, this.camera);
    });
  }

  private fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.renderer.xr.isPresenting || width === 0 || height === 0) return;
    const ratio = this.renderer.getPixelRatio();
    if (this.canvas.width === Math.floor(width * ratio) && this.canvas.height === Math.floor(height * ratio))
      return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
  }

  stop() {
    this.renderer.setAnimationLoop(null);
    this.thing.dispose();
    this.renderer.dispose();
  }
}
