/** The steps of a workflow before any run, with what is inside them. Pure. */
import type { NodeTemplate } from "../../api/idl";
import { UNBEGUN } from "../../status/status";
import { type Plan, type Scope, nameOf } from "./closure";
import { kindOf } from "./kinds";
import type { Step, Tree } from "./tree";

const DEEPEST = 12;

export function plannedTree(plan: Plan): Tree {
  const byId = new Map<string, Step>();
  const level = (scope: Scope, parent: string, depth: number): Step[] =>
    depth > DEEPEST ? [] : [...scope.nodes, ...(scope.failure ? [scope.failure] : [])].map((node) => step(node, parent, depth, node === scope.failure));
  const step = (template: NodeTemplate, parent: string, depth: number, isFailureHandler: boolean): Step => {
    const id = parent ? `${parent}/${template.id}` : template.id;
    const scope = plan.inside(template);
    const found: Step = {
      id, name: nameOf(template), kind: kindOf(template), template, row: null, status: UNBEGUN, parent, isDynamic: false, isFailureHandler,
      steps: level(scope, id, depth + 1), mayHaveMore: false, scope,
    };
    byId.set(id, found);
    return found;
  };
  return { steps: level(plan.top, "", 0), byId, scope: plan.top };
}
