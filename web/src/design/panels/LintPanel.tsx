// What is wrong with the draft and what could be better, rule by rule; each finding leads to its place in the form.

import type { Schemas } from "../../shared/api";
import { lang, say } from "../../shared/i18n";
import { routePath } from "../call";
import { partOf } from "../form/StopForm";
import { find } from "../model";
import { content, formPart, route, selected, wanted } from "../store";
import { pathName, stopTitle } from "../words/fields";
import { ruleName } from "../words/rules";
import { useAsked } from "./asked";

type Finding = Schemas["LintFinding"];

export function LintPanel({ onPlace }: { onPlace: () => void }) {
  const { value, problem } = useAsked<Schemas["LintReport"]>(routePath(route.value ?? "", "/lint")).value;
  if (problem) {
    return (
      <p class="bad" role="alert">
        {problem}
      </p>
    );
  }
  if (!value) return <p role="status">{say("正在检查……", "Checking …")}</p>;
  return (
    <>
      <p role="status" class={value.errors ? "bad" : "good"}>
        {say(
          `${value.errors} 处错误（改好才能发布），${value.warnings} 处提醒`,
          `${value.errors} errors (they block a publication), ${value.warnings} warnings`,
        )}
      </p>
      {(["error", "warning"] as const).map((level) => (
        <Level
          key={level}
          level={level}
          findings={value.findings.filter((one) => one.level === level)}
          onPlace={onPlace}
        />
      ))}
    </>
  );
}

interface LevelProps {
  level: "error" | "warning";
  findings: Finding[];
  onPlace: () => void;
}

function Level({ level, findings, onPlace }: LevelProps) {
  const rules = [...new Set(findings.map((one) => one.rule))];
  if (rules.length === 0) return null;
  return (
    <section>
      <h3 class={level === "error" ? "bad" : "doubt"}>
        {level === "error" ? say("错误", "Errors") : say("提醒", "Warnings")}
      </h3>
      {rules.map((rule) => {
        const found = findings.filter((one) => one.rule === rule);
        return (
          <details key={rule} class="card" open={level === "error"}>
            <summary>{`${ruleName(rule)} (${found.length})`}</summary>
            <ul class="plain">
              {found.map((one) => (
                <li key={`${one.waypoint}${one.property}${one.message}`}>
                  <button type="button" class="quiet wide" onClick={() => go(one, onPlace)}>
                    <span class="clip2">{place(one)}</span>
                  </button>
                  {lang.value === "en" && <p class="small soft">{one.message}</p>}
                </li>
              ))}
            </ul>
          </details>
        );
      })}
    </section>
  );
}

function place(one: Finding): string {
  const stop = find(content.value, one.waypoint ?? null);
  const where = stop ? stopTitle(stop) : say("整条路线", "The route itself");
  return one.property ? `${where} · ${pathName(one.property)}` : where;
}

function go(one: Finding, onPlace: () => void) {
  selected.value = find(content.value, one.waypoint ?? null) ? (one.waypoint ?? null) : null;
  formPart.value = partOf(one.property);
  wanted.value = one.property || "title";
  onPlace();
}
