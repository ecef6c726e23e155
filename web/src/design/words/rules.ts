// What the lint asks for, rule by rule. A rule that is not here is shown by its name.
import { say } from "../../shared/i18n";

const RULES: Record<string, readonly [string, string]> = {
  unreadable: ["内容读得出来。", "The file can be read."],
  "bad-id": [
    "编号只用小写字母、数字和单个连字符。",
    "Names are lower-case letters, digits and single hyphens.",
  ],
  "duplicate-id": ["编号不能重复。", "Every name stands once."],
  "no-waypoint": ["路线至少要有一个站点。", "A route has at least one waypoint."],
  "no-title": ["路线和站点都要有名称。", "Routes and waypoints have a title."],
  "wrong-order": ["站点要按 1、2、3……连续编号。", "Stops are numbered 1, 2, 3 … in the order of the file."],
  "bad-line": [
    "路线走向至少要有两个点，且都在地球上。",
    "A drawn line has at least two positions, all on the earth.",
  ],
  "leg-too-long": [
    "相邻两站相距不能超过 100 公里。",
    "Stops that follow each other lie at most 100 km apart.",
  ],
  "bad-zone": ["打卡范围要是圆形，或闭合的多边形。", "A zone is a circle or a closed polygon."],
  "zone-below-precision": [
    "打卡范围不能小于坐标的误差：请放大范围，或实地测准坐标。",
    "No zone is smaller than the doubt about its coordinate.",
  ],
  "bad-precision": [
    "坐标误差要是大于 0 的米数。",
    "The precision of a coordinate is a number of metres above 0.",
  ],
  "coordinate-without-source": ["坐标要写明出处。", "A coordinate says where it comes from."],
  "no-derivation": ["推算的坐标要写明怎么推算。", "A derived coordinate says how it was derived."],
  "fact-without-source": ["知识点要写明出处。", "A fact says where it comes from."],
  "question-options": [
    "一道题要有三到四个选项，编号不重复。",
    "A question has three or four options, each with its own id.",
  ],
  "question-key": ["正确答案要是选项之一。", "The key of a question is one of its options."],
  "question-without-source": ["题目要写明出处。", "A question says where its answer comes from."],
  "bad-pose": [
    "展品要有位置和有效的朝向。",
    "An exhibit stands somewhere and is turned by a unit quaternion.",
  ],
  "bad-scale": ["展品大小要大于 0。", "The scale of an exhibit is above 0."],
  "bad-trigger": [
    "展品出现距离要大于 0，不超过 100 公里。",
    "The trigger distance of an exhibit is above 0 and at most 100 km.",
  ],
  "exhibit-too-far": ["展品要放在站点 2 公里以内。", "An exhibit stands within 2 km of its waypoint."],
  "missing-asset": ["展品的文件要先上传到这里。", "The files of an exhibit are kept here."],
  "no-line": ["最好画出路线走向。", "A route has a drawn line."],
  "missing-language": ["每段文字最好中英文都写。", "Every text is written in Chinese and in English."],
  "missing-text": ["不要留空的文字。", "No text is left empty."],
  "no-summary": ["路线和站点最好有简介。", "Routes and waypoints have a summary."],
  "no-county": ["最好写明所在县区。", "A waypoint names its county."],
  "no-period": ["最好写明年代。", "A waypoint says from when it is."],
  "no-heritage": ["最好写明是否受文物保护。", "A waypoint says whether it is protected."],
  "few-facts": ["每站最好有至少三个知识点。", "A waypoint tells at least three facts."],
  "no-theme": ["每站最好有至少一个主题。", "A waypoint has at least one theme."],
  "missing-alt": ["给看不见的人写一段展品描述。", "An exhibit is described for who cannot see it."],
  "missing-explanation": ["题目最好有解析。", "A question explains its answer."],
  "hours-without-source": ["开放时间要写明出处。", "Opening hours say where they come from."],
  "altitude-without-source": ["海拔要写明出处。", "An altitude says where it comes from."],
  "zones-overlap": ["打卡范围最好不要重叠，以免分不清在哪一站。", "A visitor stands in one zone at a time."],
  "zone-below-phone-error": [
    "打卡范围最好大于手机定位的一般误差。",
    "A zone is wider than the ordinary error of a phone.",
  ],
  "to-be-surveyed": ["位置最好实地测量。", "Places are measured on the spot."],
  "coarse-coordinate": [
    "坐标的小数位数最好与所称精度相配。",
    "A coordinate is written as finely as it claims to be known.",
  ],
  "same-position": ["两个站点不要放在同一点。", "Two waypoints do not stand on the same spot."],
  "leg-needs-vehicle": [
    "相邻两站较远，走不到；请在简介里写明要乘车。",
    "Stops that follow each other can be walked.",
  ],
  "leg-long-ride": ["两站之间乘车最好不超过 30 公里。", "No ride between two stops is longer than 30 km."],
  detour: ["站点顺序最好不要绕大弯。", "The visiting order makes no large detour."],
  "closed-at-planned-hour": ["计划到达的时间最好在开放时间内。", "A place is open at the planned hour."],
  "same-key": ["正确答案最好不要总是同一个选项。", "Right answers do not always have the same letter."],
  "exhibit-out-of-reach": [
    "站在打卡范围里最好就能看到展品：请加大出现距离或挪近。",
    "An exhibit appears to who stands in the zone.",
  ],
  "exhibit-without-asset": ["不是文字的展品要有文件。", "An exhibit that is no text has a file."],
  "heavy-asset": ["文件最好小一些，路上的手机才下得动。", "Files are small enough for a phone on the road."],
  "missing-variant": [
    "模型最好另备小文件、缩略图和 iPhone 用的文件。",
    "A model has variants for slow networks, for lists and for iPhones.",
  ],
  "asset-differs": ["文件的说明要与文件本身一致：请重新上传。", "What an asset says of its file is true."],
  "asset-without-source": ["文件最好写明作者。", "A file says who made it."],
  "asset-without-licence": ["文件最好写明许可方式。", "A file says under which licence it is shown."],
  "text-too-long": ["文字最好短一些，手机上才看得完。", "Texts fit on a phone."],
  "hidden-characters": ["文字里有看不见的字符，请删掉重新输入。", "Texts hold no invisible characters."],
  "mixed-script": [
    "同一个词里混用了两种形近的字母，请改正。",
    "No word mixes letters of two scripts that look alike.",
  ],
};

export function ruleName(rule: string): string {
  const words = RULES[rule];
  return words ? say(...words) : rule;
}
