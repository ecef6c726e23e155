// Taking in a file: drop it, look at what it would do, settle what is doubtful, then take it.
import { useId } from "preact/hooks";
import { say } from "../../shared/i18n";
import { frozen, selected } from "../store";
import { pathName } from "../words/fields";
import { systemNames } from "../words/systems";
import { Doubts } from "./ImportDoubts";
import { Rows } from "./ImportRows";
import {
  busy,
  choose,
  file,
  problem,
  type Reading,
  type Report,
  read,
  reading,
  report,
  take,
  taken,
} from "./importing";

const KINDS = ".csv,.tsv,.txt,.xlsx,.gpx,.kml,.kmz,.geojson,.json";

export function ImportPanel() {
  const id = useId();
  return (
    <>
      <p>
        {say(
          "把文件拖到页面上，或点下面选择。支持 Excel、WPS 表格（CSV、XLSX）、GPX、KML、KMZ、GeoJSON。先试读，不会改动任何内容。",
          "Drop a file on the page, or choose one. Tables (CSV, XLSX), GPX, KML, KMZ and GeoJSON will do. It is only tried at first; nothing changes.",
        )}
      </p>
      <label class="drop" for={id}>
        {say("选择或拖入文件", "Choose or drop a file")}
      </label>
      <input
        id={id}
        type="file"
        class="hidden-but-read"
        accept={KINDS}
        disabled={frozen.value}
        onChange={(event) => {
          choose(event.currentTarget.files?.[0] ?? null);
          // So that the same file, mended, can be chosen again.
          event.currentTarget.value = "";
        }}
      />
      <p class="row">
        <a href="/v1/design/templates/xlsx" download="template.xlsx">
          {say("下载空白表格（XLSX）", "Empty table (XLSX)")}
        </a>
        <a href="/v1/design/templates/csv" download="template.csv">
          {say("下载空白表格（CSV）", "Empty table (CSV)")}
        </a>
      </p>
      {busy.value && <p role="status">{say("正在读文件……", "Reading the file …")}</p>}
      {problem.value && (
        <p class="bad" role="alert">
          {problem.value}
        </p>
      )}
      {report.value && <Trial of={report.value} />}
      {taken.value && <Taken of={taken.value} />}
    </>
  );
}

function Trial({ of: report }: { of: Report }) {
  const doubtful = report.suggestions.length > 0;
  const stuck = doubtful || (report.refused > 0 && !reading.value.partial) || report.rows === 0;
  return (
    <div class="stack" data-trial>
      <h3 class="clip2">{file.value?.name}</h3>
      <HowRead report={report} />
      {doubtful && <Doubts report={report} />}
      <p>
        <strong>
          {say(
            `共 ${report.rows} 行：新增 ${report.added}，修改 ${report.changed}，不变 ${report.unchanged}，移除 ${report.removed}，有错 ${report.refused}`,
            `${report.rows} rows: ${report.added} new, ${report.changed} changed, ${report.unchanged} unchanged, ${report.removed} removed, ${report.refused} wrong`,
          )}
        </strong>
      </p>
      <Rows report={report} />
      <Options report={report} />
      {stuck && (
        <p class="doubt">
          {doubtful
            ? say("请先回答上面的疑问。", "Answer the doubt above first.")
            : say(
                "请改好有错的行再导入，或勾选“跳过有错的行”。",
                "Mend the wrong rows and choose the file again, or leave them out.",
              )}
        </p>
      )}
      <button type="button" class="primary" disabled={stuck || busy.value || frozen.value} onClick={take}>
        {say("导入到草稿", "Take it into the draft")}
      </button>
    </div>
  );
}

const ENCODINGS: Record<string, string> = { gb18030: "GBK (GB 18030)", "utf-8": "UTF-8" };

function HowRead({ report }: { report: Report }) {
  const { format, encoding, sheet, sheets = [], columns = [], ignored = [], notes = [] } = report.understood;
  return (
    <>
      <dl class="facts">
        <dt>{say("格式", "Format")}</dt>
        <dd>{format.toUpperCase()}</dd>
        {encoding && <dt>{say("文字编码", "Encoding")}</dt>}
        {encoding && <dd>{ENCODINGS[encoding.toLowerCase()] ?? encoding}</dd>}
        {sheet && <dt>{say("工作表", "Sheet")}</dt>}
        {sheet && <dd>{sheets.length > 1 ? <Sheets all={sheets} now={sheet} /> : sheet}</dd>}
        <dt>{say("坐标系", "Coordinates")}</dt>
        <dd>
          {systemNames()[report.crs] ?? report.crs}
          {reading.value.crs === "" && ` · ${say("按常规猜测", "assumed")}`}
        </dd>
      </dl>
      {columns.length > 0 && (
        <details>
          <summary>{say(`认出 ${columns.length} 列`, `${columns.length} columns understood`)}</summary>
          <ul>
            {columns.map((one) => (
              <li key={one.heading}>
                {one.heading} → {pathName(one.field)}
              </li>
            ))}
          </ul>
        </details>
      )}
      {ignored.length > 0 && (
        <p class="doubt">
          {say("没认出、不会导入的列：", "Columns not understood and left out: ")}
          {ignored.join(say("、", ", "))}
        </p>
      )}
      {notes.map((note) => (
        <p key={note} class="soft" lang="en">
          {note}
        </p>
      ))}
    </>
  );
}

function Sheets({ all, now }: { all: string[]; now: string }) {
  return (
    <select
      aria-label={say("读哪张工作表", "Which sheet to read")}
      value={now}
      onChange={(event) => {
        const wanted = event.currentTarget.value;
        // It says which one was read, and changes with that.
        event.currentTarget.value = now;
        read({ sheet: wanted });
      }}
    >
      {all.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Options({ report }: { report: Report }) {
  const id = useId();
  const how = reading.value;
  return (
    <fieldset class="stack">
      <legend>{say("怎样导入", "How to take it")}</legend>
      <label for={id}>{say("坐标来自", "The numbers come from")}</label>
      <select
        id={id}
        value={how.crs || report.crs}
        onChange={(event) => read({ crs: event.currentTarget.value as Reading["crs"] })}
      >
        {Object.entries(systemNames()).map(([crs, words]) => (
          <option key={crs} value={crs}>
            {words}
          </option>
        ))}
      </select>
      <label for={`${id}s`}>
        {say("坐标的出处（表里没写的）", "Source of the positions (where the file names none)")}
      </label>
      <input
        id={`${id}s`}
        value={how.source}
        onChange={(event) => read({ source: event.currentTarget.value.trim() })}
      />
      <label for={`${id}p`}>
        {say("坐标误差不超过（米，表里没写的）", "They may be off by (m, where the file does not say)")}
      </label>
      <input
        id={`${id}p`}
        type="number"
        min={0.01}
        max={100_000}
        step="any"
        value={how.precision_m}
        onChange={(event) =>
          event.currentTarget.reportValidity() && read({ precision_m: event.currentTarget.value })
        }
      />
      <Tick
        name="partial"
        words={say("跳过有错的行，导入其余的", "Leave wrong rows out and take the others")}
      />
      <Tick
        name="replace"
        words={say("文件里没有的站点从草稿移除", "Remove stops that the file does not have")}
      />
    </fieldset>
  );
}

function Tick({ name, words }: { name: "partial" | "replace"; words: string }) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={reading.value[name]}
        onChange={() => read({ [name]: !reading.value[name] })}
      />
      {words}
    </label>
  );
}

function Taken({ of: report }: { of: Report }) {
  const first = report.results.find((row) => row.result === "added" || row.result === "changed");
  return (
    <div class="card" role="status">
      <p class="good">
        {say(
          `已导入草稿：新增 ${report.added}，修改 ${report.changed}，移除 ${report.removed}。可以“撤销”。`,
          `It is in the draft: ${report.added} new, ${report.changed} changed, ${report.removed} removed. Undo takes it back.`,
        )}
      </p>
      {first?.id && (
        <button type="button" onClick={() => (selected.value = first.id ?? null)}>
          {say("去看第一个", "Go to the first")}
        </button>
      )}
    </div>
  );
}
