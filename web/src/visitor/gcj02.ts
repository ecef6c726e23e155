// Some phones in China report positions in GCJ-02, shifted by some hundred metres, and nothing in the browser says so. This takes
// the shift out; whether there is one only the visitor can decide, who knows where they stand. Pure.
import type { LatLon } from "./geo";

const SEMI_MAJOR_M = 6_378_245;
const ECCENTRICITY_2 = 0.006693421622965943;
const RAD = Math.PI / 180;
/** The shift changes by less than a hundredth of itself over its own length: few rounds are exact to millimetres. */
const ROUNDS = 5;

/** The position that GCJ-02 shifts to this one. */
export function fromGcj02(shifted: LatLon): LatLon {
  let true_ = shifted;
  for (let i = 0; i < ROUNDS; i++) {
    const { lat, lon } = shift(true_);
    true_ = { lat: shifted.lat - lat, lon: shifted.lon - lon };
  }
  return true_;
}

function shift({ lat, lon }: LatLon): LatLon {
  const [x, y] = [lon - 105, lat - 35];
  const wave = (of: number) => Math.sin(of * Math.PI);
  const ripples = 20 * wave(6 * x) + 20 * wave(2 * x);
  const north_m =
    -100 +
    (2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x))) +
    ((ripples + 20 * wave(y) + 40 * wave(y / 3) + 160 * wave(y / 12) + 320 * wave(y / 30)) * 2) / 3;
  const east_m =
    300 +
    (x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x))) +
    ((ripples + 20 * wave(x) + 40 * wave(x / 3) + 150 * wave(x / 12) + 300 * wave(x / 30)) * 2) / 3;
  const w = 1 - ECCENTRICITY_2 * Math.sin(lat * RAD) ** 2;
  return {
    lat: north_m / (((SEMI_MAJOR_M * (1 - ECCENTRICITY_2)) / w ** 1.5) * RAD),
    lon: east_m / ((SEMI_MAJOR_M / Math.sqrt(w)) * Math.cos(lat * RAD) * RAD),
  };
}
