// The names of the things a designer sees, and values written so that nobody meets brackets and quotes.
import { metres, say, shown } from "../../shared/i18n";

const NAMES: Record<string, readonly [string, string]> = {
  title: ["名称", "name"],
  summary: ["简介", "summary"],
  line: ["路线走向", "line on the map"],
  geometry: ["位置", "position"],
  order: ["顺序", "order"],
  position: ["位置", "position"],
  zone: ["打卡范围", "check-in zone"],
  radius_m: ["半径（米）", "radius (m)"],
  to_be_surveyed: ["待实地测量", "to be surveyed"],
  themes: ["主题", "themes"],
  county: ["所在县区", "county"],
  period: ["年代", "period"],
  heritage: ["文物保护", "protection"],
  status: ["保护级别", "status"],
  unesco_whc: ["世界遗产编号", "World Heritage number"],
  facts: ["知识点", "facts"],
  questions: ["问题", "questions"],
  exhibits: ["展品", "exhibits"],
  coordinate: ["坐标来源", "source of the position"],
  precision_m: ["误差（米）", "may be off by (m)"],
  confidence: ["得来方式", "how it was come by"],
  derivation: ["推算方法", "how it was worked out"],
  note: ["备注", "note"],
  source_datum: ["原坐标系", "original datum"],
  altitude: ["海拔", "altitude"],
  opening_hours: ["开放时间", "opening hours"],
  text: ["正文", "text"],
  date: ["时间", "date"],
  source: ["出处", "source"],
  prompt: ["题目", "question"],
  options: ["选项", "options"],
  key: ["正确答案", "right answer"],
  explanation: ["解析", "explanation"],
  alt: ["无障碍描述", "description for who cannot see it"],
  kind: ["类型", "kind"],
  geopose: ["摆放", "placing"],
  quaternion: ["朝向", "turn"],
  scale: ["大小", "scale"],
  trigger_m: ["出现距离（米）", "appears within (m)"],
  assets: ["文件", "files"],
  license: ["许可", "licence"],
  lat: ["纬度", "latitude"],
  lon: ["经度", "longitude"],
  h: ["高度", "height"],
  height_m: ["高度（米）", "height (m)"],
  coordinates: ["边界", "outline"],
  "zh-CN": ["中文", "Chinese"],
  en: ["英文", "English"],
};

/** The name of a field, or the field's own where the page has none. */
export function fieldName(field: string): string {
  const words = NAMES[field];
  return words ? say(...words) : field;
}

/** `facts[1].source` → "知识点 2 · 出处". */
export function pathName(path: string): string {
  const words = path.replaceAll(/\[(\d+)\]/g, (_, index) => `.#${Number(index) + 1}`).split(".");
  return words
    .filter(Boolean)
    .map((word) => (word.startsWith("#") ? word.slice(1) : fieldName(word)))
    .join(" · ");
}

/** A value in words. */
export function valueName(value: unknown): string {
  if (value === null || value === undefined || value === "") return say("（空）", "(empty)");
  if (typeof value === "boolean") return value ? say("是", "yes") : say("否", "no");
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return listName(value);
  const object = value as Record<string, unknown>;
  if (object.kind === "circle") return `${say("圆形，半径", "circle of")} ${metres(Number(object.radius_m))}`;
  if (object.kind === "polygon") return say("多边形", "polygon");
  if ("lat" in object && "lon" in object) return `${object.lat}°, ${object.lon}°`;
  const entries = Object.entries(object);
  if (entries.length && entries.every(([name]) => name === "zh-CN" || name === "en")) {
    return [object["zh-CN"], object.en].filter(Boolean).join("\n") || say("（空）", "(empty)");
  }
  return entries.map(([name, inner]) => `${fieldName(name)}：${valueName(inner)}`).join("；");
}

function listName(list: unknown[]): string {
  if (list.length === 0) return say("（空）", "(empty)");
  if (list.every((one) => typeof one === "string")) return list.join(say("、", ", "));
  if (list.every((one) => typeof one === "number" || Array.isArray(one))) {
    return `${list.length} ${say("个点", "points")}`;
  }
  return list.map((one, i) => `${i + 1}. ${valueName(one)}`).join("\n");
}

export function stopTitle(stop: { id: string; title?: { "zh-CN"?: string; en?: string } }): string {
  return shown(stop.title) || say("（没有名称）", "(no name)");
}

export const THEMES: Record<string, readonly [string, string]> = {
  acoustics: ["声学", "acoustics"],
  astronomy: ["天文", "astronomy"],
  botany: ["植物", "botany"],
  engineering: ["工程", "engineering"],
  geology: ["地质", "geology"],
  hydraulics: ["水利", "hydraulics"],
  materials: ["材料", "materials"],
  mathematics: ["数学", "mathematics"],
  mechanics: ["力学", "mechanics"],
};

export function themeName(theme: string): string {
  const words = THEMES[theme];
  return words ? say(...words) : theme;
}
