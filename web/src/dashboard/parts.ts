// The stops of a route, or the routes, each with its figures.
import { say } from "../shared/i18n";
import type { Figures, Measure } from "./figures";
import type { LonLat } from "./place";
import type { Board, Names } from "./state";

export interface Part {
  id: string;
  /** Null for what is not published any more. */
  order: number | null;
  title: string;
  figures: Figures;
  at: LonLat | null;
}

/** A part that is on a map. */
export type PlacedPart = Part & { at: LonLat };
export const isPlaced = (part: Part): part is PlacedPart => part.at !== null;

const NOBODY: Figures = { people: 0, visits: 0, batches: 0, check_ins: 0 };

/** All stops in visiting order, also those nobody reached; then what was counted and is not published any more. */
export function partsOf(board: Board, known: Names): Part[] {
  const key = board.route ? "waypoint" : "route";
  const found = new Map(board.parts.rows.map((row) => [row[key] ?? "", row as Figures]));
  const published: Part[] = board.route
    ? known.stops.map(({ id, order, title, position }) => ({
        id,
        order,
        title,
        figures: found.get(id) ?? NOBODY,
        at: [position.lon, position.lat],
      }))
    : known.routes.map(({ id, title }, i) => ({
        id,
        order: i + 1,
        title,
        figures: found.get(id) ?? NOBODY,
        at: null,
      }));
  for (const { id } of published) found.delete(id);
  const gone = [...found].map(([id, figures]) => ({ id, order: null, title: id, figures, at: null }));
  return [...published, ...gone];
}

/** Of everyone on the route, how many were here: only people are comparable so. */
export function shareText(board: Board, part: Part, which: Measure): string | null {
  const all = board.totals.range.now.people;
  const here = part.figures.people;
  if (which !== "people" || !all || here === null) return null;
  return `${board.exact || here === 0 ? "" : say("约", "≈")}${Math.round((here / all) * 100)}%`;
}
