/** What a node of a template is, and what stands inside it. */
import type { BranchCase, NodeTemplate, Identifier } from "../../api/idl";

export type Kind = "task" | "array" | "workflow" | "launchPlan" | "branch" | "approval" | "signal" | "sleep" | "unknown";

export function kindOf(node: NodeTemplate | undefined): Kind {
  if (!node) return "unknown";
  if (node.array_node) return "array";
  if (node.task_node) return "task";
  if (node.branch_node) return "branch";
  if (node.workflow_node) return node.workflow_node.launchplan_ref ? "launchPlan" : "workflow";
  if (node.gate_node) return node.gate_node.approve ? "approval" : node.gate_node.sleep ? "sleep" : "signal";
  return "unknown";
}

export const KIND_WORDS: Record<Kind, string> = {
  task: "task",
  array: "map task",
  workflow: "sub-workflow",
  launchPlan: "launch plan",
  branch: "choice",
  approval: "approval",
  signal: "question",
  sleep: "pause",
  unknown: "step",
};

/** The entity that a node runs. */
export function entityOf(node: NodeTemplate | undefined): Identifier | undefined {
  return node?.task_node?.reference_id ?? node?.array_node?.node.task_node?.reference_id ?? node?.workflow_node?.launchplan_ref ?? node?.workflow_node?.sub_workflow_ref;
}

export function casesOf(node: NodeTemplate): { condition: BranchCase["condition"] | null; node: NodeTemplate }[] {
  const branch = node.branch_node?.if_else;
  if (!branch) return [];
  const cases = [branch.case, ...(branch.other ?? [])].map((each) => ({ condition: each.condition ?? null, node: each.then_node }));
  return branch.else_node ? [...cases, { condition: null, node: branch.else_node }] : cases;
}
