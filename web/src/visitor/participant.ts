// The anonymous participant of this phone: made once, when first needed, known by a token that is kept in IndexedDB and sent
// to this origin only.
import { get, type Schemas } from "../shared/api";
import { alone, shelves } from "./kept";

export async function token(): Promise<string | null> {
  return (await (await shelves()).get("participant", "me"))?.token ?? null;
}

/** The token, after asking for a participant if there is none yet. Two tabs make one. */
export function tokenOrNew(): Promise<string> {
  return alone("participant", async () => {
    const known = await token();
    if (known) return known;
    const made = await get<Schemas["ParticipantCreated"]>("/v1/participants", { body: {} });
    await (await shelves()).put("participant", made, "me");
    return made.token;
  });
}

/** Forgets a token that the server no longer knows, unless another tab has a new one already. */
export function forget(old: string): Promise<void> {
  return alone("participant", async () => {
    if ((await token()) === old) await (await shelves()).delete("participant", "me");
  });
}
