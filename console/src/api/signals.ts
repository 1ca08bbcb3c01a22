/** Questions that a run asks people. */
import { FLYTE, get, path, query } from "./http";
import type { Literal, LiteralType } from "./idl";
import type { RunId } from "./runs";

export interface Signal {
  readonly id: { readonly signal_id: string };
  readonly type: LiteralType;
  readonly value?: Literal;
}

export interface OpenQuestion {
  readonly run: RunId;
  readonly id: string;
  readonly type: LiteralType;
  readonly isApproval: boolean;
}

export const listSignals = (id: RunId, signal?: AbortSignal): Promise<{ signals?: Signal[] }> =>
  get(`${FLYTE}/signals/${path(id.project, id.domain, id.name)}${query({ limit: 100 })}`, { signal });

export async function questionsOf(run: RunId, signal?: AbortSignal): Promise<OpenQuestion[]> {
  const { signals = [] } = await listSignals(run, signal);
  return signals.filter((each) => !each.value).map((each) => asked(run, each));
}

/** Flyte tells an approval from a question with yes or no by the template alone: both are booleans. */
export function asked(run: RunId, signal: Signal): OpenQuestion {
  const { project, domain, name } = run;
  return { run: { project, domain, name }, id: signal.id.signal_id, type: signal.type, isApproval: signal.type.simple === "BOOLEAN" };
}
