// Words that several of the visitor's pages use.
import type { Problem } from "../shared/api";
import { metres, say, type Words } from "../shared/i18n";

const THEMES: Record<string, Words> = {
  acoustics: ["声学", "Acoustics"],
  astronomy: ["天文", "Astronomy"],
  botany: ["植物", "Botany"],
  engineering: ["工程", "Engineering"],
  geology: ["地质", "Geology"],
  hydraulics: ["水利", "Hydraulics"],
  materials: ["材料", "Materials"],
  mathematics: ["数学", "Mathematics"],
  mechanics: ["力学", "Mechanics"],
};

export function theme(name: string): string {
  const words = THEMES[name];
  return words ? say(...words) : name;
}

export function stops(n: number): string {
  return say(`${n} 站`, n === 1 ? "1 stop" : `${n} stops`);
}

/** Bytes as a person says them. */
export function size(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const WINDS: Words[] = [
  ["北", "north"],
  ["东北", "north-east"],
  ["东", "east"],
  ["东南", "south-east"],
  ["南", "south"],
  ["西南", "south-west"],
  ["西", "west"],
  ["西北", "north-west"],
];

export function wind(bearing: number): string {
  return say(...WINDS[Math.round(bearing / 45) % 8]);
}

/** Why the server refused a check-in, in words a pupil understands. */
export function refusal(problem: Problem): string {
  switch (problem.code) {
    case "outside-zone": {
      const by = Number(problem.zone_distance_m);
      return Number.isFinite(by)
        ? say(
            `那时你在范围外 ${metres(by)}。走近一些再打卡。`,
            `You were ${metres(by)} outside. Go nearer and check in again.`,
          )
        : say("那时你在范围外。走近一些再打卡。", "You were outside. Go nearer and check in again.");
    }
    case "too-far-ahead":
      return say(
        "手机的时钟走快了两天以上。请在设置里校准时间，再打卡一次。",
        "This phone's clock is more than two days ahead. Set it right and check in again.",
      );
    case "too-old":
      return say(
        "这次打卡超过 14 天，已经不能补传。如果没有那么久，就是手机的时钟慢了，请校准时间。",
        "This check-in is more than 14 days old. If it is not, this phone's clock is behind: set it right.",
      );
    case "unknown-waypoint":
      return say("这一站已经不在路线上了。", "This stop is no longer on the route.");
    case "wrong-crs":
      return say(
        "手机报的位置用了另一种坐标，请老师看一看。",
        "The phone reported its position in another system. Show your teacher.",
      );
    default:
      return problem.detail ?? problem.title;
  }
}

export function when(time: string): string {
  return new Date(time).toLocaleString(say("zh-CN", "en-GB"), {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}
