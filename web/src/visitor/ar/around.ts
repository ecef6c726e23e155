// A thing standing in the world around the visitor: where it is from here, smoothed; how the phone looks; so where it is in the
// picture. In an XR session the system follows the phone itself, and only its idea of north is corrected.
import { Euler, Quaternion, Vector3 } from "three";
import { bearingDeg, enu, type LatLon } from "../geo";
import type { Fix } from "../position";
import { Orientation } from "./orientation";
import {
  blendHeading,
  blendPose,
  EYE_M,
  headingDeg,
  project,
  type Quat,
  type Seen,
  smoothing,
  toWorld,
  turnBetween,
  turnVec,
  type Vec,
  verticalFov,
  yaw,
} from "./place";
import type { Stage } from "./stage";

/** A pose trembles in a hand, and a position jumps by metres. */
const POSE_TAU_S = 0.08;
const PLACE_TAU_S = 1;
const NORTH_TAU_S = 4;

/** Where a thing belongs: on the ground, so high above it. */
export interface Spot extends LatLon {
  above_ground_m: number;
}

export class Around {
  readonly orientation = new Orientation();
  /** From the visitor, eye at the origin; null while no position is known. */
  private at: Vec | null = null;
  /** Set down by the visitor instead of where it belongs. */
  private down: Vec | null = null;
  private pose: Quat | null = null;
  /** In an XR session: its heading less the true one, and the heading itself. */
  private skew: number | null = null;
  private session_deg: number | null = null;
  /** The visitor has pointed at something in the session, so the compass is no longer asked. */
  private aimed = false;

  constructor(
    private readonly stage: Stage,
    private readonly spot: Spot,
    private readonly picture: () => { width: number; height: number },
  ) {}

  stop() {
    this.orientation.stop();
  }

  /** Puts it on the ground before the visitor, or back to where it belongs. */
  setDown(before: boolean) {
    // So far that a narrow screen holds it.
    const away = Math.max(3, this.stage.thing.radius_m * 4.5);
    const heading = this.pose ? headingDeg(this.pose) : 0;
    this.down = before ? turnVec([0, -EYE_M, -away], yaw(heading)) : null;
  }

  /** The camera points at this place. */
  calibrate(from: LatLon, landmark: LatLon) {
    const bearing = bearingDeg(enu(from, landmark));
    this.orientation.calibrate(bearing);
    this.aimed = this.stage.renderer.xr.isPresenting && this.session_deg !== null;
    this.skew = this.aimed ? turnBetween(bearing, this.session_deg ?? 0) : null;
  }

  /** Moves everything on by a time; what is seen of the thing, or null while it cannot be placed. */
  step(dt_s: number, fix: Fix | null): Seen | null {
    const wanted = this.down ?? (fix && this.placed(fix));
    if (wanted)
      this.at = this.at && !this.down ? blend(this.at, wanted, smoothing(dt_s, PLACE_TAU_S)) : wanted;
    const pose = this.orientation.pose();
    if (pose) this.pose = this.pose ? blendPose(this.pose, pose, smoothing(dt_s, POSE_TAU_S)) : pose;
    const { camera, renderer, thing } = this.stage;
    thing.object.visible = this.at !== null && (this.pose !== null || renderer.xr.isPresenting);
    if (!this.at) return null;
    if (renderer.xr.isPresenting) return this.stepXr(dt_s, this.at);
    if (!this.pose) return null;
    camera.position.set(0, 0, 0);
    camera.quaternion.set(...this.pose);
    camera.fov = verticalFov(
      { width: this.stage.canvas.clientWidth, height: this.stage.canvas.clientHeight },
      this.picture(),
    );
    camera.updateProjectionMatrix();
    thing.object.position.set(...this.at);
    if (thing.faces) thing.object.rotation.set(0, Math.atan2(-this.at[0], -this.at[2]), 0);
    return project(this.at, this.pose, camera.fov, camera.aspect);
  }

  private placed(fix: Fix): Vec {
    const { east, north } = enu(fix, this.spot);
    return toWorld({ east, north, up: this.spot.above_ground_m });
  }

  /** The session's floor is at 0 and its north anywhere. */
  private stepXr(dt_s: number, at: Vec): Seen {
    const { renderer, thing } = this.stage;
    const eye = renderer.xr.getCamera();
    const [place, turn] = [new Vector3(), new Quaternion()];
    eye.matrixWorld.decompose(place, turn, new Vector3());
    const seenPose: Quat = [turn.x, turn.y, turn.z, turn.w];
    this.session_deg = headingDeg(seenPose);
    if (this.pose && !this.aimed) {
      const wanted = turnBetween(headingDeg(this.pose), this.session_deg);
      this.skew = this.skew === null ? wanted : blendHeading(this.skew, wanted, smoothing(dt_s, NORTH_TAU_S));
    }
    const skewed = turnVec(at, yaw(this.skew ?? 0));
    const wanted = new Vector3(place.x + skewed[0], skewed[1] + EYE_M, place.z + skewed[2]);
    // Walking is followed by the session; the position only draws it slowly to where it belongs.
    const far = thing.object.position.distanceTo(wanted) > 20;
    thing.object.position.lerp(wanted, far || dt_s === 0 ? 1 : smoothing(dt_s, NORTH_TAU_S));
    const from = thing.object.position.clone().sub(place);
    if (thing.faces) thing.object.setRotationFromEuler(new Euler(0, Math.atan2(-from.x, -from.z), 0));
    return project([from.x, from.y, from.z], seenPose, 60, 1);
  }
}

function blend(from: Vec, to: Vec, part: number): Vec {
  return [
    from[0] + (to[0] - from[0]) * part,
    from[1] + (to[1] - from[1]) * part,
    from[2] + (to[2] - from[2]) * part,
  ];
}
