// Looking at a thing from all sides: by one finger, two fingers, wheel, arrow keys, or buttons that say what they do.
import type { Stage } from "./stage";

const KEYS: Record<string, [turn: number, tilt: number, nearer: number]> = {
  ArrowLeft: [-15, 0, 1],
  ArrowRight: [15, 0, 1],
  ArrowUp: [0, 10, 1],
  ArrowDown: [0, -10, 1],
  "+": [0, 0, 1.2],
  "-": [0, 0, 1 / 1.2],
};

export class Orbit {
  private turn_deg = 30;
  private tilt_deg = 20;
  private zoom = 1;
  private readonly ended = new AbortController();
  private readonly down = new Map<number, { x: number; y: number }>();

  constructor(private readonly stage: Stage) {
    const { canvas } = stage;
    const { signal } = this.ended;
    canvas.addEventListener(
      "pointerdown",
      (event) => {
        canvas.setPointerCapture(event.pointerId);
        this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      },
      { signal },
    );
    canvas.addEventListener("pointermove", (event) => this.drag(event), { signal });
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => this.down.delete(event.pointerId), { signal });
    }
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.move(0, 0, event.deltaY < 0 ? 1.1 : 1 / 1.1);
      },
      { signal },
    );
    canvas.addEventListener(
      "keydown",
      (event) => {
        const step = KEYS[event.key];
        if (!step) return;
        event.preventDefault();
        this.move(...step);
      },
      { signal },
    );
  }

  stop() {
    this.ended.abort();
  }

  move(turn: number, tilt: number, nearer: number) {
    this.turn_deg += turn;
    this.tilt_deg = Math.min(88, Math.max(-5, this.tilt_deg + tilt));
    this.zoom = Math.min(4, Math.max(0.4, this.zoom * nearer));
  }

  private drag(event: PointerEvent) {
    const before = this.down.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = (p: { x: number; y: number }) => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
      this.move(0, 0, apart(now) / apart(before));
    } else {
      this.move((before.x - now.x) * 0.5, (now.y - before.y) * 0.3, 1);
    }
    this.down.set(event.pointerId, now);
  }

  /** Puts the camera where one looks from, so far that all of the thing is seen. */
  step() {
    const { thing, camera } = this.stage;
    const centre = thing.ball.centre.clone().applyQuaternion(thing.object.quaternion);
    const half = Math.atan(Math.tan((camera.fov * Math.PI) / 360) * Math.min(1, camera.aspect));
    const away = Math.max(thing.ball.radius, 0.3) / Math.sin(half) / this.zoom;
    const [turn, tilt] = [(this.turn_deg * Math.PI) / 180, (this.tilt_deg * Math.PI) / 180];
    camera.position
      .set(Math.cos(tilt) * Math.sin(turn), Math.sin(tilt), Math.cos(tilt) * Math.cos(turn))
      .multiplyScalar(away)
      .add(centre);
    camera.lookAt(centre);
  }
}
