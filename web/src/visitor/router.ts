// Addresses within the page: `#/`, `#/r/<route>`, `#/r/<route>/<waypoint>`, `#/r/<route>/<waypoint>/ar`, `#/me`.
import { signal } from "@preact/signals";

export type Place =
  | { page: "home" }
  | { page: "mine" }
  | { page: "route"; route: string }
  | { page: "stop"; route: string; waypoint: string }
  | { page: "ar"; route: string; waypoint: string };

const NAME = "([a-z0-9]+(?:-[a-z0-9]+)*)";

export function placeOf(hash: string): Place {
  const path = hash.replace(/^#/, "");
  const [, route, waypoint, ar] = path.match(new RegExp(`^/r/${NAME}(?:/${NAME}(/ar)?)?$`)) ?? [];
  if (route && waypoint) return { page: ar ? "ar" : "stop", route, waypoint };
  if (route) return { page: "route", route };
  return { page: path === "/me" ? "mine" : "home" };
}

export const place = signal<Place>(placeOf(location.hash));

let moved = false;

/** Whether the visitor came here by a link within the page; the first to ask takes it. */
export function takeMove(): boolean {
  const was = moved;
  moved = false;
  return was;
}

addEventListener("hashchange", () => {
  moved = true;
  place.value = placeOf(location.hash);
});
