// The figures behind a picture, for whoever reads rather than looks, and the CSV of the same.
import { say } from "../shared/i18n";
import { countsPath, type Figures, MEASURES, nameOf, partText } from "./figures";
import type { Board } from "./state";

export interface NamedRow {
  key: string;
  name: string;
  figures: Figures;
}

interface Props {
  caption: string;
  head: string;
  rows: NamedRow[];
}

export function FigureTable({ caption, head, rows }: Props) {
  return (
    <details class="as-table">
      <summary>{say("看表格", "As a table")}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scrolled" tabIndex={0} aria-label={caption}>
        <table>
          <caption class="hidden-but-read">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">{head}</th>
              {MEASURES.map((measure) => (
                <th key={measure} scope="col">
                  {nameOf(measure)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, name, figures }) => (
              <tr key={key} data-key={key}>
                <th scope="row">{name}</th>
                {MEASURES.map((measure) => (
                  <td key={measure}>{partText(figures[measure])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

export function CsvLink({ board, by }: { board: Board; by: "day" | "hour" | "waypoint" | "route" }) {
  return (
    <a class="button csv" href={countsPath(board.range, board.route, by, ".csv")} download>
      {say("下载 CSV（Excel 可打开）", "Download CSV (opens in Excel)")}
    </a>
  );
}
