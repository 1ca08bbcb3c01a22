/** The names of nodes by the graphs that they come from: the workflow's, and those that dynamic steps have made. Pure. */
import type { NodePairs } from "../../api/compare";
import type { NodeTemplate } from "../../api/idl";
import { type Plan, type Scope, nameOf } from "../../run/plan/closure";

/** The graphs that dynamic steps have made, by node. */
export type Made = ReadonlyMap<string, Plan>;

interface Known {
  readonly template: NodeTemplate;
  /** The one that it stands in. */
  readonly plan: Plan;
}

/** A node that no template explains is called by its id. */
export function namesOf(nodes: NodePairs, plan: Plan, made: Made): (id: string) => string {
  const known = knownOf(nodes, plan, made);
  return (id) => {
    const found = known(id);
    return found ? nameOf(found.template) : id;
  };
}

/** The steps that have nodes inside them which no graph explains so far: those have made one. */
export function unexplained(nodes: NodePairs, plan: Plan, made: Made): string[] {
  const known = knownOf(nodes, plan, made);
  const parents = new Set(nodes.parent.filter((parent, at) => parent && !made.has(parent) && !known(nodes.id[at] ?? "")));
  return [...parents].filter((parent) => known(parent));
}

function knownOf(nodes: NodePairs, plan: Plan, made: Made): (id: string) => Known | null {
  const at = new Map(nodes.id.map((id, place) => [id, place]));
  const found = new Map<string, Known | null>();
  const known = (id: string): Known | null => {
    const before = found.get(id);
    if (before !== undefined) return before;
    const place = at.get(id);
    const parent = place === undefined ? "" : (nodes.parent[place] ?? "");
    const above = parent ? known(parent) : null;
    const own = made.get(parent);
    const inside = own ?? (parent ? above?.plan : plan);
    const scope = own ? own.top : parent ? above?.plan.inside(above.template) : plan.top;
    const template = scope && templateIn(scope, (place === undefined ? "" : nodes.spec[place]) || id);
    const told = template && inside ? { template, plan: inside } : null;
    found.set(id, told);
    return told;
  };
  return known;
}

function templateIn(scope: Scope, spec: string): NodeTemplate | undefined {
  return scope.failure?.id === spec ? scope.failure : scope.nodes.find((node) => node.id === spec);
}
