/** The kinds of entities in the addresses of pages. */
import type { Kind } from "../api/flyte";

export const KINDS: Record<string, { kind: Kind; title: string; one: string }> = {
  workflows: { kind: "workflow", title: "Workflows", one: "workflow" },
  tasks: { kind: "task", title: "Tasks", one: "task" },
  launchPlans: { kind: "launch_plan", title: "Launch plans", one: "launch plan" },
};

export const KIND_NAMES: Record<Kind, string> = { workflow: "workflow", task: "task", launch_plan: "launch plan" };

/** Where all of a kind are listed. */
export const LISTS = {
  workflow: "/projects/$project/domains/$domain/workflows",
  task: "/projects/$project/domains/$domain/tasks",
  launch_plan: "/projects/$project/domains/$domain/launchPlans",
} as const satisfies Record<Kind, string>;

export function kindOf(text: string): Kind | null {
  return text === "workflow" || text === "task" || text === "launch_plan" ? text : null;
}
