// The reference systems as designers know them.
import { say } from "../../shared/i18n";

export function systemNames(): Record<string, string> {
  return {
    wgs84: say("GPS（WGS 84）", "GPS (WGS 84)"),
    gcj02: say("高德、腾讯地图（GCJ-02）", "Gaode or Tencent maps (GCJ-02)"),
    bd09: say("百度地图（BD-09）", "Baidu maps (BD-09)"),
  };
}
