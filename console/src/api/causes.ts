/** Why something is as it is: the chain of causes, and the records that it is made of. */
import { OWN, ask, get, path, query, send } from "./http";
import type { RunId } from "./runs";

export interface Link {
  readonly node_id: string;
  readonly code: string;
  readonly text: string;
  readonly at: string;
  readonly facts: Record<string, string>;
  readonly because: readonly Link[];
}

export interface ReasonRow {
  readonly at: string;
  readonly node_id: string;
  readonly attempt: number;
  readonly index: number;
  readonly code: string;
  readonly text: string;
  readonly facts: Record<string, string>;
}

const at = (id: RunId): string => path(id.project, id.domain, id.name);

export const explain = (id: RunId, node = "", index = -1, signal?: AbortSignal): Promise<Link> =>
  get(`${OWN}/explain/${at(id)}${query({ node_id: node, index: index < 0 ? undefined : index })}`, { signal });

export interface ReasonPage {
  readonly rows: ReasonRow[];
  readonly next: string;
}

export async function listReasons(id: RunId, node: string, index: number, cursor: string, signal?: AbortSignal): Promise<ReasonPage> {
  const asked = { node_id: node, index: index < 0 ? undefined : index, limit: 500, cursor };
  const response = await ask(`${OWN}/reasons/${at(id)}${query(asked)}`, signal ? { signal } : {});
  return { rows: (await response.json()) as ReasonRow[], next: response.headers.get("Alula-Next") ?? "" };
}

export interface Forked {
  readonly nodes?: readonly string[];
  readonly inputs?: object;
  readonly overrides?: object;
}

export const fork = (id: RunId, body: Forked): Promise<RunId> => send("POST", `${OWN}/fork/${at(id)}`, body);

/** No cause of how a step is now: its earlier tries, what the cache lacked before it waited, and the answer that its error tells with its question. */
const REMARKS: ReadonlySet<string> = new Set(["SeeAbove", "AttemptFailed", "CacheMiss", "Rejected"]);

/** The last of a chain that has one cause at each step: where it began. */
export function firstCause(link: Link): Link {
  let found = link;
  for (let next = found.because[0]; next; next = found.because[0]) {
    if (REMARKS.has(next.code)) break;
    found = next;
  }
  return found;
}
