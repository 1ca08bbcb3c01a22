/** What of a run its graph shows: steps, open groups with what is inside them, and stacks of steps that are alike. Pure. */
import type { Step } from "../plan/tree";
import type { Scope } from "../plan/closure";
import { entityOf } from "../plan/kinds";
import type { Choices } from "../plan/visible";

export interface Part {
  readonly id: string;
  readonly kind: "step" | "group" | "stack";
  /** Of a stack: all its steps. Otherwise one. */
  readonly steps: readonly Step[];
  readonly inside: Level | null;
}

export interface Level {
  readonly parts: readonly Part[];
  readonly edges: readonly (readonly [string, string])[];
}

const STACK_LEAST = 6;
/** Beyond so many parts, groups stay closed unless somebody opens them. */
const PARTS_MAX = 400;
const OPEN_BY_ITSELF = 8;

export function quotient(steps: readonly Step[], scope: Scope, choices: Choices): Level {
  const budget = { left: PARTS_MAX };
  return level(steps, scope, choices, budget);
}

function level(steps: readonly Step[], scope: Scope, choices: Choices, budget: { left: number }): Level {
  const byTemplate = new Map(steps.map((step) => [step.template?.id ?? step.id, step.id]));
  const edges = scope.edges.flatMap(([from, to]) => {
    const [a, b] = [byTemplate.get(from), byTemplate.get(to)];
    return a && b ? [[a, b] as const] : [];
  });
  const stacks = stacked(steps, edges, choices);
  const partOf = new Map(stacks.flatMap((stack) => stack.map((step) => [step.id, stackId(stack)] as const)));
  const parts: Part[] = [];
  const seen = new Set<string>();
  for (const step of steps) {
    const stack = partOf.get(step.id);
    if (stack) {
      if (!seen.has(stack)) parts.push({ id: stack, kind: "stack", steps: stacks.find((each) => stackId(each) === stack) ?? [], inside: null });
      seen.add(stack);
      continue;
    }
    budget.left -= 1;
    parts.push(part(step, choices, budget));
  }
  const joined = new Map(edges.map(([from, to]) => {
    const [a, b] = [partOf.get(from) ?? from, partOf.get(to) ?? to];
    return [`${a}\n${b}`, [a, b] as const];
  }));
  return { parts, edges: [...joined.values()] };
}

function part(step: Step, choices: Choices, budget: { left: number }): Part {
  const wanted = choices.get(step.id) ?? (step.steps.length > 0 && step.steps.length <= OPEN_BY_ITSELF && budget.left > step.steps.length);
  if (!wanted || !step.steps.length) return { id: step.id, kind: "step", steps: [step], inside: null };
  return { id: step.id, kind: "group", steps: [step], inside: level(step.steps, step.scope, choices, budget) };
}

/** Siblings that run the same and stand between the same neighbours. */
function stacked(steps: readonly Step[], edges: readonly (readonly [string, string])[], choices: Choices): Step[][] {
  if (steps.length < STACK_LEAST) return [];
  const [before, after] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const [from, to] of edges) {
    after.set(from, [...(after.get(from) ?? []), to]);
    before.set(to, [...(before.get(to) ?? []), from]);
  }
  const alike = new Map<string, Step[]>();
  for (const step of steps) {
    const entity = entityOf(step.template);
    if (!entity || step.isFailureHandler) continue;
    const key = [step.kind, entity.name, entity.version, (before.get(step.id) ?? []).sort().join(), (after.get(step.id) ?? []).sort().join()].join("\n");
    alike.set(key, [...(alike.get(key) ?? []), step]);
  }
  return [...alike.values()].filter((each) => each.length >= STACK_LEAST && !choices.get(stackId(each)));
}

function stackId(steps: readonly Step[]): string {
  return `stack:${steps[0]?.id ?? ""}`;
}
