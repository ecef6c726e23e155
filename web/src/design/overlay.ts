// What panels show on the map beside the route: where a file's places would lie, and what a rehearsal came to.
import { signal } from "@preact/signals";
import type { LonLat } from "./model";

/** One place of a file, read in two ways. */
export interface Ghost {
  id: string;
  title: string;
  asWritten: LonLat;
  converted: LonLat;
}

export const ghosts = signal<Ghost[]>([]);
/** Which of them the map shows closely. */
export const ghostShown = signal(0);
/** By stop, in a few characters. */
export const outcomes = signal<Map<string, string>>(new Map());
/** Grows when the whole route is to be seen anew. */
export const overview = signal(0);
