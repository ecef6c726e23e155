// What went wrong and what to do now, in a designer's words. The server's own sentence is kept for what has no words here.
import { Refused, Unreached } from "../../shared/api";
import { say } from "../../shared/i18n";

const WORDS: Record<string, readonly [string, string]> = {
  "token-missing": [
    "登录已过期，请重新登录；页面上的内容还在。",
    "You are signed out. Sign in again; what is on the page is still here.",
  ],
  "token-invalid": [
    "登录已过期，请重新登录；页面上的内容还在。",
    "You are signed out. Sign in again; what is on the page is still here.",
  ],
  forbidden: [
    "您的密钥不能改这条路线，请向管理员申请。",
    "Your key may not change this route. Ask an administrator for it.",
  ],
  "unknown-route": [
    "没有这条路线，可能已被删除。请返回路线列表。",
    "There is no such route any more. Go back to the list of routes.",
  ],
  "draft-scheduled": [
    "已定好发布时间，草稿暂时锁定。要修改，请先在“发布”里取消定时。",
    "A time of publication is set and the draft stands still. To change it, take the time back under “Publish”.",
  ],
  "precondition-failed": [
    "别人刚改过这条路线，请重新打开看看。",
    "Somebody else has just changed this route. Open it again.",
  ],
  "waypoint-exists": [
    "已有同名的站点编号，请换一个。",
    "There is a stop with this id already. Choose another.",
  ],
  "body-too-large": [
    "文件太大了，最大 200 MB。请压缩后再传。",
    "The file is too large; at most 200 MB. Make it smaller and try again.",
  ],
  "unsupported-asset": [
    "这种文件不能用。请用 GLB、USDZ 模型，PNG、JPEG、WebP、AVIF 图片，MP3、OGG、M4A 声音，或 MP4 视频。",
    "This file cannot be used. Take GLB or USDZ models, PNG, JPEG, WebP or AVIF pictures, MP3, OGG or M4A sounds, or MP4 films.",
  ],
  "unreadable-file": [
    "读不出这个文件。请用 CSV、XLSX、GPX、KML、KMZ 或 GeoJSON，或下载空白表格照着填。",
    "This file cannot be read. Take CSV, XLSX, GPX, KML, KMZ or GeoJSON, or begin with the empty table.",
  ],
  "lint-errors": [
    "还有错误没有改好，不能发布。请先看“检查”。",
    "There are errors left; nothing is published. See “Check”.",
  ],
  "lint-warnings": [
    "有新的提醒，请逐条勾选“知道了”再发布。",
    "There are new warnings. Tick each of them, then publish.",
  ],
  "no-draft": ["没有改动，不用发布。", "Nothing has changed, so there is nothing to publish."],
  "not-published": ["这条路线现在没有对外显示。", "This route is not shown to visitors now."],
  "cannot-rehearse": [
    "还不能预演：至少要有一个有位置的站点。",
    "Nothing to rehearse yet: put at least one stop on the map.",
  ],
  "invalid-time": ["发布时间要在将来。", "The time of publication must lie ahead."],
  "invalid-order": [
    "站点有增减，请重新打开后再排。",
    "Stops came or went. Open the route again and order them.",
  ],
  "assets-unavailable": [
    "文件库暂时用不了，请稍后再试。",
    "The store of files is not available now. Try again later.",
  ],
  overloaded: ["服务器很忙，请稍后再试。", "The server is busy. Try again in a moment."],
  timeout: ["服务器太久没有回答，请稍后再试。", "The server took too long. Try again in a moment."],
};

export function mistake(error: unknown): string {
  if (error instanceof Unreached) {
    return say(
      "没有连上服务器，请检查网络。改动还在页面上，会自动重试。",
      "The server was not reached. Check the network; your changes are kept and tried again.",
    );
  }
  if (!(error instanceof Refused)) return String(error);
  const words = WORDS[error.problem.code];
  if (words) return say(...words);
  const place = error.problem.pointer ? ` (${error.problem.pointer})` : "";
  return `${say("服务器没有接受", "The server refused")}：${error.problem.detail ?? error.problem.title}${place}`;
}
