/** The steps that a view shows: the open ones of the tree, or all that meet the filter. */
import type { Tone } from "../../status/status";
import type { RunState } from "../live/state";
import type { Step, Tree } from "./tree";

export interface Line {
  readonly step: Step;
  readonly depth: number;
  readonly isOpen: boolean;
  readonly canOpen: boolean;
}

export interface Wanted {
  readonly text: string;
  readonly tone: string;
}

/** Beyond so many steps inside, a step is closed until somebody opens it. */
const SHOWN_BY_ITSELF = 12;

export type Choices = ReadonlyMap<string, boolean>;

export function linesOf(tree: Tree, choices: Choices, wanted: Wanted, state: RunState): Line[] {
  const lines: Line[] = [];
  const filtered = wanted.text !== "" || wanted.tone !== "";
  const visit = (steps: readonly Step[], depth: number): void => {
    for (const step of steps) {
      const canOpen = step.steps.length > 0 || step.mayHaveMore;
      if (filtered) {
        if (meets(step, wanted, state)) lines.push({ step, depth: 0, isOpen: false, canOpen: false });
        visit(step.steps, depth + 1);
        continue;
      }
      const isOpen = canOpen && isOpened(step, choices);
      lines.push({ step, depth, isOpen, canOpen });
      if (isOpen) visit(step.steps, depth + 1);
    }
  };
  visit(tree.steps, 0);
  return lines;
}

export function isOpened(step: Step, choices: Choices): boolean {
  return choices.get(step.id) ?? (step.steps.length > 0 && step.steps.length <= SHOWN_BY_ITSELF);
}

function meets(step: Step, wanted: Wanted, state: RunState): boolean {
  if (wanted.tone && step.status.tone !== (wanted.tone as Tone)) return false;
  if (!wanted.text) return true;
  const error = state.errors[step.id];
  const said = `${step.name}\n${step.id}\n${step.status.word}\n${error ? `${error.code} ${error.message}` : ""}`.toLowerCase();
  return said.includes(wanted.text.toLowerCase());
}

/** Choices as the address holds them: `n1,!n4` is n1 open and n4 closed. */
export function choicesOf(text: string | undefined): Map<string, boolean> {
  return new Map((text ?? "").split(",").filter(Boolean).map((word) => (word.startsWith("!") ? [word.slice(1), false] : [word, true])));
}

export function textOf(choices: Choices): string | undefined {
  return [...choices].map(([id, open]) => (open ? id : `!${id}`)).join(",") || undefined;
}
