/** The graph of a run as it was compiled: which template stands behind each node, and which nodes are still to come. */
import type { Binding, CompiledWorkflow, Identifier, NodeTemplate, WorkflowClosure } from "../../api/idl";
import { shortName } from "../../text/names";
import { casesOf } from "./kinds";

const ENDS = new Set(["start-node", "end-node"]);

export interface Scope {
  /** In the order in which they were declared. */
  readonly nodes: readonly NodeTemplate[];
  readonly failure: NodeTemplate | undefined;
  /** From a node to those that begin after it. */
  readonly edges: readonly (readonly [string, string])[];
  /** Where its own outputs come from. */
  readonly outputs?: readonly Binding[];
}

const NOTHING: Scope = { nodes: [], failure: undefined, edges: [] };

export interface Plan {
  readonly top: Scope;
  /** What is inside a node that has a template, if it is known before it runs. */
  inside(node: NodeTemplate): Scope;
}

export function planOf(closure: WorkflowClosure): Plan {
  const workflows = new Map((closure.sub_workflows ?? []).map((each) => [keyOf(each.template.id), scopeOf(each)]));
  return {
    top: scopeOf(closure.primary),
    inside(node) {
      const reference = node.workflow_node?.sub_workflow_ref;
      if (reference) return workflows.get(keyOf(reference)) ?? NOTHING;
      return { nodes: casesOf(node).map((each) => each.node), failure: undefined, edges: [] };
    },
  };
}

export const NO_PLAN: Plan = { top: NOTHING, inside: () => NOTHING };

export function scopeOf(workflow: CompiledWorkflow): Scope {
  const { template } = workflow;
  const nodes = template.nodes.filter((node) => !ENDS.has(node.id));
  const known = new Set(nodes.map((node) => node.id));
  const edges = Object.entries(workflow.connections?.downstream ?? {}).flatMap(([from, { ids }]) => ids.map((to) => [from, to] as const));
  return { nodes, failure: template.failure_node, edges: edges.filter(([from, to]) => known.has(from) && known.has(to)), outputs: template.outputs ?? [] };
}

function keyOf(id: Identifier): string {
  return `${id.project}/${id.domain}/${id.name}/${id.version}`;
}

/** The name of a step as people gave it. */
export function nameOf(node: NodeTemplate): string {
  return shortName(node.metadata?.name || node.id);
}
