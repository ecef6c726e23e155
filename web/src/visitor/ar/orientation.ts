// How the phone is held. The quick, smooth angles of the gyroscope give the pose; the compass, which jumps, only corrects its
// heading, slowly. Once the visitor has pointed at something known, the compass is no longer listened to.
import {
  blendHeading,
  cameraPose,
  headingDeg,
  multiply,
  type Quat,
  smoothing,
  turnBetween,
  yaw,
} from "./place";

/** iOS gives the heading beside angles that begin anywhere. */
interface AppleEvent extends DeviceOrientationEvent {
  webkitCompassHeading?: number;
  webkitCompassAccuracy?: number;
}

type Permitted = { requestPermission?: () => Promise<"granted" | "denied"> };

const COMPASS_TAU_S = 2;

/** Asks where the system wants to be asked; to be called from a tap. */
export async function mayOrient(): Promise<boolean> {
  if (!("DeviceOrientationEvent" in globalThis)) return false;
  const ask = (DeviceOrientationEvent as unknown as Permitted).requestPermission;
  return ask === undefined || (await ask.call(DeviceOrientationEvent).catch(() => "denied")) === "granted";
}

export class Orientation {
  /** By the gyroscope, its heading beginning anywhere. */
  private loose: Quat | null = null;
  /** By the compass; used as it is where there is no other. */
  private fixed: Quat | null = null;
  /** From the loose heading to the true one; null until the compass has spoken. */
  private correction: number | null = null;
  private calibrated = false;
  private last_ms = 0;

  constructor() {
    addEventListener("deviceorientation", this.onLoose);
    addEventListener("deviceorientationabsolute", this.onFixed);
  }

  stop() {
    removeEventListener("deviceorientation", this.onLoose);
    removeEventListener("deviceorientationabsolute", this.onFixed);
  }

  /** The camera's pose in the world, or null while nothing is known. */
  pose(): Quat | null {
    const raw = this.loose ?? this.fixed;
    return raw && multiply(yaw(this.correction ?? 0), raw);
  }

  /** Whether the heading is more than a guess. */
  get oriented(): boolean {
    return this.calibrated || this.correction !== null || (this.loose === null && this.fixed !== null);
  }

  /** The camera points at something that lies in this direction. */
  calibrate(bearing: number) {
    const raw = this.loose ?? this.fixed;
    if (!raw) return;
    this.correction = turnBetween(headingDeg(raw), bearing);
    this.calibrated = true;
  }

  private onLoose = (event: AppleEvent) => {
    const pose = poseOf(event);
    if (!pose) return;
    if (event.absolute) {
      this.fixed = pose;
      return;
    }
    this.loose = pose;
    if (event.webkitCompassHeading !== undefined && (event.webkitCompassAccuracy ?? -1) >= 0) {
      this.correct(event.webkitCompassHeading + screenAngle());
    }
  };

  private onFixed = (event: DeviceOrientationEvent) => {
    const pose = poseOf(event);
    // Browsers send an event of nothing once a sensor falls silent; what was known before still holds.
    if (!pose) return;
    this.fixed = pose;
    this.correct(headingDeg(pose));
  };

  private correct(heading: number) {
    if (this.calibrated || !this.loose) return;
    const now = performance.now();
    const wanted = turnBetween(headingDeg(this.loose), heading);
    const part = smoothing((now - this.last_ms) / 1_000, COMPASS_TAU_S);
    this.correction = this.correction === null ? wanted : blendHeading(this.correction, wanted, part);
    this.last_ms = now;
  }
}

function poseOf({ alpha, beta, gamma }: DeviceOrientationEvent): Quat | null {
  if (alpha === null || beta === null || gamma === null) return null;
  return cameraPose(alpha, beta, gamma, screenAngle());
}

function screenAngle(): number {
  return screen.orientation?.angle ?? 0;
}
