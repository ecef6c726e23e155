// Facts of a stop, each with when it was and who says so.
import { say } from "../../shared/i18n";
import { Line, Listed, Pair } from "./fields";
import type { PartProps } from "./StopForm";

export function FactsPart({ stop, put }: PartProps) {
  return (
    <Listed
      items={stop.facts ?? []}
      name={say("知识点", "Fact")}
      addWords={say("添加知识点", "Add a fact")}
      blank={() => ({ text: {}, source: "" })}
      onChange={(facts) => put({ facts }, null)}
    >
      {(fact, at) => {
        const change = (members: typeof fact, what: string) =>
          put(
            { facts: stop.facts?.map((one, i) => (i === at ? { ...one, ...members } : one)) },
            `fact${at}/${what}`,
          );
        return (
          <>
            <Pair
              label={say("内容", "Text")}
              path={`facts[${at}].text`}
              long
              value={fact.text}
              onChange={(text) => change({ text }, "text")}
            />
            <Pair
              label={say("时间", "When")}
              path={`facts[${at}].date`}
              value={fact.date}
              onChange={(date) => change({ date }, "date")}
            />
            <Line
              label={say("出处（必填）", "Source (needed)")}
              path={`facts[${at}].source`}
              value={fact.source ?? ""}
              onChange={(source) => change({ source }, "source")}
            />
          </>
        );
      }}
    </Listed>
  );
}
