// A file row by row: what becomes of each, and what is wrong where.
import { say, whole } from "../../shared/i18n";
import { rowMistake } from "../words/rows";
import type { Mistake, Report } from "./importing";

export function Rows({ report }: { report: Report }) {
  const words = {
    refused: say("有错", "wrong"),
    added: say("新增", "new"),
    changed: say("修改", "changed"),
    unchanged: say("不变", "unchanged"),
    skipped: say("跳过", "left out"),
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label={say("逐行结果", "Row by row")}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="tight">
              {say("行", "Row")}
            </th>
            <th scope="col" class="tight">
              {say("结果", "Result")}
            </th>
            <th scope="col" class="tight">
              {say("说明", "What and why")}
            </th>
          </tr>
        </thead>
        <tbody>
          {report.results.map((row) => (
            <tr
              key={`${Object.values(row.place)[0]}-${row.id}`}
              class={row.result === "refused" ? "wrong" : ""}
            >
              <th scope="row">{Object.values(row.place)[0]}</th>
              <td class={row.result === "refused" ? "tight bad" : "tight"}>{words[row.result]}</td>
              <td>
                {row.id && <code>{row.id}</code>}
                {row.moved_m !== undefined &&
                  ` ${say(`移动 ${whole(row.moved_m)} 米`, `moves by ${whole(row.moved_m)} m`)}`}
                {row.mistakes?.map((one) => (
                  <RowMistake key={one.column + one.message} {...one} />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function RowMistake({ column, value, message }: Mistake) {
  const told = rowMistake(message);
  return (
    <p class="bad">
      {column && <strong>{column} </strong>}
      {value && <q>{value.slice(0, 60)}</q>} <span lang={told.lang}>{told.words}</span>
    </p>
  );
}
