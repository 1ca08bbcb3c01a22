/** The steps of a run as a tree: what has begun, by its rows, and what is still to come, by the graph. */
import { ARRAY, DYNAMIC, PARENT } from "../../api/runs";
import type { NodeTemplate } from "../../api/idl";
import type { NodeRow, RunState } from "../live/state";
import { ASLEEP, GATE, NOT_TAKEN, RUNNING, type Status, UNBEGUN, nodeStatus } from "../../status/status";
import { shortName } from "../../text/names";
import { type Plan, type Scope, nameOf } from "./closure";
import { type Kind, kindOf } from "./kinds";

export interface Step {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly template: NodeTemplate | undefined;
  /** Null if it has not begun. */
  readonly row: NodeRow | null;
  readonly status: Status;
  readonly parent: string;
  readonly isDynamic: boolean;
  readonly isFailureHandler: boolean;
  /** Null if nothing is known to be inside. */
  readonly steps: readonly Step[];
  readonly mayHaveMore: boolean;
  /** What the graph says of the inside. */
  readonly scope: Scope;
}

export interface Tree {
  readonly steps: readonly Step[];
  readonly byId: ReadonlyMap<string, Step>;
  readonly scope: Scope;
}

/** The graphs that dynamic steps have made, by node. */
export type Made = ReadonlyMap<string, Plan>;

export function treeOf(state: RunState, plan: Plan, made: Made): Tree {
  const inside = new Map<string, NodeRow[]>();
  for (const row of state.nodes.values()) {
    const siblings = inside.get(row.parent);
    if (siblings) siblings.push(row);
    else inside.set(row.parent, [row]);
  }
  const asked = new Set(state.signals.filter((signal) => !signal.answered).map((signal) => signal.node));
  const byId = new Map<string, Step>();

  const level = (parent: string, scope: Scope, plan: Plan, prefix: string): Step[] => {
    const rows = new Map((inside.get(parent) ?? []).map((row) => [row.spec, row]));
    const steps: Step[] = [];
    for (const template of scope.nodes) {
      const row = rows.get(template.id) ?? null;
      rows.delete(template.id);
      steps.push(step(template, row, parent, plan, prefix));
    }
    if (scope.failure) {
      const row = rows.get(scope.failure.id) ?? null;
      rows.delete(scope.failure.id);
      steps.push(step(scope.failure, row, parent, plan, prefix, true));
    }
    // Rows that no template explains are shown all the same, as they came.
    const rest = [...rows.values()].sort((a, b) => a.created - b.created);
    for (const row of rest) steps.push(step(undefined, row, parent, plan, prefix));
    return steps;
  };

  const step = (template: NodeTemplate | undefined, row: NodeRow | null, parent: string, plan: Plan, prefix: string, isFailureHandler = false): Step => {
    const id = row?.id ?? `${prefix}${template?.id ?? ""}`;
    const own = made.get(id);
    const scope = own ? own.top : template ? plan.inside(template) : EMPTY;
    const hasRows = inside.has(id);
    // What is inside a step is shown once it has begun: before that, nobody knows its ids.
    const steps = row && (scope.nodes.length || hasRows) ? level(id, scope, own ?? plan, `${id}-${Math.max(0, row.tries - 1)}-`) : [];
    const flags = row?.flags ?? 0;
    const found: Step = {
      id,
      name: template ? nameOf(template) : shortName(row?.spec ?? id),
      kind: template ? kindOf(template) : flags & ARRAY ? "array" : "unknown",
      template,
      row,
      status: row ? statusOf(row, asked, template?.gate_node?.sleep !== undefined) : UNBEGUN,
      parent,
      isDynamic: (flags & DYNAMIC) !== 0,
      isFailureHandler,
      steps: template?.branch_node && steps.some((each) => each.row) ? steps.map(notTaken) : steps,
      mayHaveMore: (flags & PARENT) !== 0 && !steps.length,
      scope,
    };
    byId.set(id, found);
    for (const each of found.steps) byId.set(each.id, each);
    return found;
  };

  const steps = level("", plan.top, plan, "");
  return { steps, byId, scope: plan.top };
}

/** Of a choice that was made, what was not chosen will never begin. */
function notTaken(step: Step): Step {
  return step.row ? step : { ...step, status: NOT_TAKEN };
}

const EMPTY: Scope = { nodes: [], failure: undefined, edges: [] };

function statusOf(row: NodeRow, asked: ReadonlySet<string>, sleeps: boolean): Status {
  const status = nodeStatus(row.phase, row.cache);
  if (asked.has(row.id) && !status.ended) return GATE;
  if (sleeps && status === RUNNING) return ASLEEP;
  return status;
}

/** A failure's way down: the steps that failed, the innermost last. */
export function wayTo(tree: Tree, id: string): Step[] {
  const way: Step[] = [];
  for (let step = tree.byId.get(id); step; step = tree.byId.get(step.parent)) way.unshift(step);
  return way;
}

