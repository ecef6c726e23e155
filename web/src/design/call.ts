// Calls of the design API with the cookie of the session. A session that has ended shows the sign-in again and keeps what is on the page.
import { type Answer, type Ask, ask, Refused, type Schemas } from "../shared/api";
import { PAGE_HEADERS, session } from "../shared/session";
import type { WholeDraft } from "./model";

export async function call<T>(path: string, how: Ask = {}): Promise<Answer<T>> {
  try {
    return await ask<T>(path, { ...how, headers: { ...PAGE_HEADERS, ...how.headers } });
  } catch (error) {
    if (error instanceof Refused && error.problem.status === 401) session.value = null;
    throw error;
  }
}

export async function read<T>(path: string): Promise<T> {
  return (await call<T>(path)).value;
}

export const ROUTES = "/v1/design/routes";

export function routePath(route: string, rest = ""): string {
  return `${ROUTES}/${encodeURIComponent(route)}${rest}`;
}

/** A route's draft with all its waypoints; a long one leaves them out, and they are read page by page. */
export async function readDraft(route: string, crs = "wgs84"): Promise<WholeDraft> {
  const draft = await read<Schemas["Draft"]>(routePath(route, `/draft?crs=${crs}`));
  if (draft.waypoints) return { ...draft, waypoints: draft.waypoints };
  const waypoints: Schemas["DraftWaypoint"][] = [];
  let cursor: string | undefined;
  do {
    const more = cursor ? `&cursor=${cursor}` : "";
    const path = routePath(route, `/draft/waypoints?limit=1000&crs=${crs}${more}`);
    const page = await read<Schemas["DraftWaypointList"]>(path);
    waypoints.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  return { ...draft, waypoints };
}
