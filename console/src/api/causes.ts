/** Why something is as it is: the chain of causes, and the records that it is made of. */
import { OWN, ask, get, path, query, send } from "./http";
import type { RunId } from "./runs";

export interface Link {
  readonly node_id: string;
  readonly code: string;
  readonly text: string;
  readonly at: string;
  readonly facts: Record<string, string>;
  /** What to do about an error; empty where nothing is known. */
  readonly fix: string;
  /** True for one link of all: the first cause. */
  readonly is_first: boolean;
  /** No cause of how it is now: an earlier try, a story. */
  readonly is_remark: boolean;
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

/** Where the chain began, as the platform has marked it. */
export const firstCause = (link: Link): Link => marked(link) ?? link;

function marked(link: Link): Link | undefined {
  return link.is_first ? link : link.because.map(marked).find(Boolean);
}
