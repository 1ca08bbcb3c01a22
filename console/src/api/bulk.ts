/** Actions on several runs of a domain, each by itself. */
import { OWN, Refused, path, send } from "./http";
import type { Place, Run } from "./runs";

interface Outcome {
  readonly name: string;
  /** Empty if it was done. */
  readonly code: string;
  readonly message: string;
}

/** Throws what went wrong with the first that failed. */
export async function putAside(place: Place, runs: readonly Run[], aside: boolean): Promise<void> {
  const body = { action: aside ? "archive" : "unarchive", names: runs.map((run) => run.name) };
  const { outcomes } = await send<{ outcomes: readonly Outcome[] }>("POST", `${OWN}/bulk/${path(place.project, place.domain)}`, body);
  const failed = outcomes.filter((each) => each.code);
  const [first] = failed;
  if (first) throw new Refused(400, first.code, `${first.name}: ${first.message}${failed.length > 1 ? ` (and ${failed.length - 1} more)` : ""}`);
}
