/** The names of nodes by the graph that they come from. Pure. */
import type { NodePairs } from "../../api/compare";
import type { NodeTemplate } from "../../api/idl";
import { type Plan, type Scope, nameOf } from "../../run/plan/closure";

/** A node that no template explains, as one of a dynamic graph, is called by its id. */
export function namesOf(nodes: NodePairs, plan: Plan): (id: string) => string {
  const at = new Map(nodes.id.map((id, place) => [id, place]));
  const templates = new Map<string, NodeTemplate | undefined>();
  const templateOf = (id: string): NodeTemplate | undefined => {
    if (templates.has(id)) return templates.get(id);
    const place = at.get(id);
    const parent = place === undefined ? "" : (nodes.parent[place] ?? "");
    const above = parent ? templateOf(parent) : undefined;
    const scope = parent ? (above ? plan.inside(above) : undefined) : plan.top;
    const spec = (place === undefined ? "" : nodes.spec[place]) || id;
    const found = scope ? templateIn(scope, spec) : undefined;
    templates.set(id, found);
    return found;
  };
  return (id) => {
    const template = templateOf(id);
    return template ? nameOf(template) : id;
  };
}

function templateIn(scope: Scope, spec: string): NodeTemplate | undefined {
  return scope.failure?.id === spec ? scope.failure : scope.nodes.find((node) => node.id === spec);
}
