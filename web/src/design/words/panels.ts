import { say } from "../../shared/i18n";
import type { Panel } from "../store";

export function panelName(one: Panel): string {
  return {
    import: say("导入", "Import"),
    lint: say("检查", "Check"),
    rehearsal: say("预演", "Rehearse"),
    publish: say("发布", "Publish"),
    history: say("历史", "History"),
  }[one];
}
