// How an exhibit is turned: degrees clockwise from above, against the unit quaternion that GeoPose keeps in the east-north-up frame. A
// turn keeps whatever tilt there is.
export interface Quaternion {
  x: number;
  y: number;
  z: number;
  w: number;
}

/** Clockwise from above, 0 to 360. */
export function turnOf({ x, y, z, w }: Quaternion): number {
  const yaw = Math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z));
  const turn = (-yaw * 180) / Math.PI;
  return Math.round((((turn % 360) + 360) % 360) * 10) / 10;
}

export function isTilted({ x, y }: Quaternion): boolean {
  return Math.hypot(x, y) > 1e-6;
}

export function turnedTo(now: Quaternion, turnDeg: number): Quaternion {
  const half = (-(turnDeg - turnOf(now)) * Math.PI) / 360;
  const [c, s] = [Math.cos(half), Math.sin(half)];
  const { x, y, z, w } = now;
  return unit({ x: c * x - s * y, y: c * y + s * x, z: c * z + s * w, w: c * w - s * z });
}

function unit({ x, y, z, w }: Quaternion): Quaternion {
  const length = Math.hypot(x, y, z, w);
  return { x: x / length, y: y / length, z: z / length, w: w / length };
}
