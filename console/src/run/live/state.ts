/** A run as it is known: rows by node, and how changes are laid over them. Pure: each change gives a new state. */
import type { ArrayCounts, AttemptColumns, Changes, NodeColumns, Reason, Run, SignalRow, Skeleton } from "../../api/runs";

export interface NodeRow {
  readonly id: string;
  /** The node's id in its template. */
  readonly spec: string;
  readonly parent: string;
  readonly phase: number;
  /** Milliseconds after the run's `t0`, -1 if not known. */
  readonly created: number;
  readonly started: number;
  readonly ended: number;
  readonly tries: number;
  readonly cache: number;
  readonly flags: number;
}

export interface AttemptRow {
  readonly attempt: number;
  readonly phase: number;
  readonly created: number;
  readonly started: number;
  readonly ended: number;
}

export interface RunState {
  readonly seq: number;
  readonly t0: number;
  readonly run: Run;
  readonly nodes: ReadonlyMap<string, NodeRow>;
  readonly attempts: ReadonlyMap<string, readonly AttemptRow[]>;
  readonly children: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, Reason>>;
  readonly arrays: Readonly<Record<string, ArrayCounts>>;
  readonly signals: readonly SignalRow[];
  /** True if only the top level is known. */
  readonly partial: boolean;
}

export function stateOf(skeleton: Skeleton): RunState {
  return {
    seq: skeleton.seq,
    t0: skeleton.t0,
    run: skeleton.run,
    nodes: new Map(rowsOf(skeleton.nodes).map((row) => [row.id, row])),
    attempts: withAttempts(new Map(), skeleton.attempts),
    children: skeleton.children,
    errors: skeleton.errors,
    arrays: skeleton.arrays,
    signals: skeleton.signals,
    partial: skeleton.partial ?? false,
  };
}

/** More rows of the same run: the next page of them, or the inside of a node. */
export function joined(state: RunState, more: Skeleton): RunState {
  const nodes = new Map(state.nodes);
  for (const row of rowsOf(more.nodes)) if (!nodes.has(row.id)) nodes.set(row.id, row);
  return { ...state, nodes };
}

/**
 * The run with what has changed since it was known. What was known already gives the same state: news come on two ways, and
 * those of one may be overtaken by those of the other.
 */
export function laidOver(state: RunState, changes: Changes): RunState {
  if (changes.seq <= state.seq) return state;
  const rows = rowsOf(changes.nodes);
  const nodes = rows.length ? new Map(state.nodes) : state.nodes;
  for (const row of rows) (nodes as Map<string, NodeRow>).set(row.id, row);
  const signals = new Map(state.signals.map((each) => [each.id, each]));
  for (const each of changes.signals) signals.set(each.id, each);
  return {
    ...state,
    seq: changes.seq,
    run: changes.run,
    nodes,
    attempts: changes.attempts.node.length ? withAttempts(state.attempts, changes.attempts) : state.attempts,
    children: { ...state.children, ...changes.children },
    errors: Object.keys(changes.errors).length ? { ...state.errors, ...changes.errors } : state.errors,
    arrays: Object.keys(changes.arrays).length ? { ...state.arrays, ...changes.arrays } : state.arrays,
    signals: [...signals.values()],
  };
}

/** True if there are changes between what is known and what these are about. */
export function isGap(state: RunState, changes: Changes): boolean {
  return changes.since > state.seq;
}

/** The phases of the items of arrays that somebody looks at. */
export function itemsOver(items: ReadonlyMap<string, Uint8Array>, changes: Changes): ReadonlyMap<string, Uint8Array> {
  const touched = Object.entries(changes.items).filter(([node, told]) => told !== null && items.has(node));
  if (!touched.length) return items;
  const next = new Map(items);
  for (const [node, told] of touched) {
    const phases = next.get(node)?.slice();
    if (!phases || !told) continue;
    told.index.forEach((index, at) => {
      phases[index] = told.phase[at] ?? 0;
    });
    next.set(node, phases);
  }
  return next;
}

function rowsOf(columns: NodeColumns): NodeRow[] {
  return columns.id.map((id, at) => ({
    id,
    spec: columns.spec[at] || id,
    parent: columns.parent[at] ?? "",
    phase: columns.phase[at] ?? 0,
    created: columns.created[at] ?? -1,
    started: columns.started[at] ?? -1,
    ended: columns.ended[at] ?? -1,
    tries: columns.tries[at] ?? 0,
    cache: columns.cache[at] ?? 0,
    flags: columns.flags[at] ?? 0,
  }));
}

function withAttempts(known: ReadonlyMap<string, readonly AttemptRow[]>, columns: AttemptColumns): Map<string, readonly AttemptRow[]> {
  const found = new Map(known);
  columns.node.forEach((node, at) => {
    const attempt = columns.attempt[at] ?? 0;
    const row = {
      attempt,
      phase: columns.phase[at] ?? 0,
      created: columns.created[at] ?? -1,
      started: columns.started[at] ?? -1,
      ended: columns.ended[at] ?? -1,
    };
    const others = (found.get(node) ?? []).filter((each) => each.attempt !== attempt);
    found.set(node, [...others, row].sort((a, b) => a.attempt - b.attempt));
  });
  return found;
}
