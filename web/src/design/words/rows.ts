// What is wrong with a cell of a table, in Chinese. The server says it in English; a sentence that has no translation here is shown as
// it came.
import { lang } from "../../shared/i18n";

const SENTENCES: readonly [RegExp, string][] = [
  [/^latitude must be a number from -90/, "纬度要是 -90 到 90 之间的数"],
  [/^longitude must be a number from -180/, "经度要是 -180 到 180 之间的数"],
  [/^is not a coordinate because of “(.+?)”/, "里面的“$1”不是坐标；请写成 35.5967 或 35°35′48″N"],
  [/^is not a pair of coordinates/, "不是一对坐标；请写成 35.5967, 116.9842"],
  [/^is east or west, but this is the latitude/, "是东西方向，却在纬度一列；两列像是写反了，请对调"],
  [/^is north or south, but this is the longitude/, "是南北方向，却在经度一列；两列像是写反了，请对调"],
  [/^has two latitudes or two longitudes/, "写了两个纬度或两个经度；请各写一个，如 35.5967, 116.9842"],
  [/^could be latitude first or longitude first/, "分不清先纬度还是先经度；请在数字后写 N、E，或分成两列"],
  [/^looks swapped/, "经纬度像是写反了，请对调"],
  [/^is empty; write both latitude and longitude/, "空着；请把纬度和经度都写上，或都不写"],
  [/^is a formula that failed/, "是出错的公式；请改好公式，或直接写数值"],
  [/^is not a known reference system/, "不认识的坐标系；请写 wgs84、gcj02 或 bd09"],
  [/^is not a number/, "不是数字；请写成 50 或 12.5"],
  [/^is not a length in metres/, "不是米数；请写成 50"],
  [/^is not a whole number/, "不是整数；请写成 3"],
  [/^is neither yes nor no/, "请写“是”或“否”"],
  [/^is not known here; write one of (.+)$/, "这里不认识这个词；请从这些里选：$1"],
  [/^stands in (.+) already; every waypoint has one row/, "前面已经有这个站点（$1）；每个站点只写一行"],
  [/^has neither a name nor an id/, "既没有名称也没有编号；请至少写一个"],
  [/^the route would have more than (\d+) waypoints/, "路线会超过 $1 个站点；请分成几条路线"],
  [/^is longer than (\d+) KiB/, "文字太长（超过 $1 KB）；请写短些"],
  [/^has more mistakes \((\d+)\)/, "还有 $1 处错误，改好这些后再显示"],
];

export function rowMistake(message: string): { words: string; lang: "zh-CN" | "en" } {
  if (lang.value === "en") return { words: message, lang: "en" };
  const known = SENTENCES.find(([pattern]) => pattern.test(message));
  if (!known) return { words: message, lang: "en" };
  const words = known[1].replace(/\$1/g, message.match(known[0])?.[1] ?? "");
  return { words, lang: "zh-CN" };
}
