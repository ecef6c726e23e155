// Where things stand and how the phone looks at them. Pure: numbers in, numbers out. The world has metres, x to the east, y up
// and z to the south, as a renderer likes it; angles outside are degrees, headings clockwise from north.
import type { Enu } from "../geo";

export type Vec = readonly [x: number, y: number, z: number];
export type Quat = readonly [x: number, y: number, z: number, w: number];

const RAD = Math.PI / 180;
/** How high a phone is held above the ground. GPS heights are too vague to be used. */
export const EYE_M = 1.5;

/** An offset over the ground as a place in the world, the eye at the origin. */
export function toWorld({ east, north, up }: Enu): Vec {
  return [east, up - EYE_M, -north];
}

/** A GeoPose turns the east-north-up frame; the same turn in the world's frame. */
export function poseTurn({ x, y, z, w }: { x: number; y: number; z: number; w: number }): Quat {
  return [x, z, -y, w];
}

export function multiply(a: Quat, b: Quat): Quat {
  const [ax, ay, az, aw] = a;
  const [bx, by, bz, bw] = b;
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

export function turnVec([x, y, z]: Vec, q: Quat): Vec {
  const [qx, qy, qz, qw] = q;
  const [tx, ty, tz] = [2 * (qy * z - qz * y), 2 * (qz * x - qx * z), 2 * (qx * y - qy * x)];
  return [x + qw * tx + qy * tz - qz * ty, y + qw * ty + qz * tx - qx * tz, z + qw * tz + qx * ty - qy * tx];
}

export function conjugate([x, y, z, w]: Quat): Quat {
  return [-x, -y, -z, w];
}

function about(axis: "x" | "y" | "z", degrees: number): Quat {
  const half = (degrees * RAD) / 2;
  const s = Math.sin(half);
  return [axis === "x" ? s : 0, axis === "y" ? s : 0, axis === "z" ? s : 0, Math.cos(half)];
}

/** A turn about the vertical by so many degrees clockwise, as a heading grows. */
export function yaw(degrees: number): Quat {
  return about("y", -degrees);
}

/**
 * How the camera at the back looks, from the angles of the W3C's device orientation (turn about Z, then X', then Y'') and the
 * angle by which the picture is turned on the screen.
 */
export function cameraPose(alpha: number, beta: number, gamma: number, screen: number): Quat {
  const device = multiply(multiply(about("y", alpha), about("x", beta)), about("z", -gamma));
  // A phone that lies on its back looks down through its camera, and a turned screen turns the picture.
  return multiply(multiply(device, about("x", -90)), about("z", -screen));
}

/** Where the camera looks over the ground; when it looks nearly straight down or up, where the picture's top points. */
export function headingDeg(pose: Quat): number {
  const forward = turnVec([0, 0, -1], pose);
  const steep = Math.abs(forward[1]) > 0.9;
  const [x, , z] = steep ? turnVec([0, forward[1] < 0 ? 1 : -1, 0], pose) : forward;
  return (Math.atan2(x, -z) / RAD + 360) % 360;
}

/** The smallest turn from one heading to another, −180 to 180, right is positive. */
export function turnBetween(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

/** A heading moved a part of the way to another, the short way round. */
export function blendHeading(from: number, to: number, part: number): number {
  return (from + turnBetween(from, to) * part + 360) % 360;
}

/** A pose moved a part of the way to another. */
export function blendPose(from: Quat, to: Quat, part: number): Quat {
  const dot = from[0] * to[0] + from[1] * to[1] + from[2] * to[2] + from[3] * to[3];
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const sign = dot < 0 ? -1 : 1;
  const even = angle < 1e-6;
  const a = even ? 1 - part : Math.sin((1 - part) * angle) / Math.sin(angle);
  const b = sign * (even ? part : Math.sin(part * angle) / Math.sin(angle));
  const mix: Quat = [
    a * from[0] + b * to[0],
    a * from[1] + b * to[1],
    a * from[2] + b * to[2],
    a * from[3] + b * to[3],
  ];
  const length = Math.hypot(...mix);
  return [mix[0] / length, mix[1] / length, mix[2] / length, mix[3] / length];
}

/** The part of the way that smoothing goes in a time: after `tau` seconds 63 % of it. */
export function smoothing(dt_s: number, tau_s: number): number {
  return 1 - Math.exp(-Math.max(0, dt_s) / tau_s);
}

export interface Seen {
  /** In the picture, −1 to 1 from left to right and from bottom to top; beyond it is outside. */
  x: number;
  y: number;
  /** Before the camera, not behind it. */
  ahead: boolean;
  /** How far to turn to have it before one, right is positive. */
  turn_deg: number;
  distance_m: number;
}

/** Where a place in the world is in the picture. */
export function project(at: Vec, pose: Quat, fovY_deg: number, aspect: number): Seen {
  const [x, y, z] = turnVec(at, conjugate(pose));
  const focal = 1 / Math.tan((fovY_deg * RAD) / 2);
  const depth = Math.max(Math.abs(z), 1e-6);
  const bearing = (Math.atan2(at[0], -at[2]) / RAD + 360) % 360;
  return {
    x: (focal * x) / depth / aspect,
    y: (focal * y) / depth,
    ahead: z < 0,
    turn_deg: turnBetween(headingDeg(pose), bearing),
    distance_m: Math.hypot(at[0], at[2]),
  };
}

/** A phone's main camera sees about so much along the picture's long side. */
const LONG_SIDE_FOV_DEG = 65;

/** The vertical angle that a screen shows of a picture that fills it and is cut where it does not fit. */
export function verticalFov(
  screen: { width: number; height: number },
  picture: { width: number; height: number },
): number {
  const focal = Math.max(picture.width, picture.height) / 2 / Math.tan((LONG_SIDE_FOV_DEG * RAD) / 2);
  const scale = Math.max(screen.width / picture.width, screen.height / picture.height);
  return (2 * Math.atan(screen.height / 2 / (focal * scale))) / RAD;
}
