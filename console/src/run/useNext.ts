/** The way from one step of interest to the next: errors, and what waits. */
import { useCallback } from "react";
import { useChange, useRun, useRunSearch } from "./context";
import type { Step, Tree } from "./plan/tree";

/** Steps that have failed themselves: not those that only hold one that has. */
export function failures(tree: Tree): Step[] {
  return [...tree.byId.values()].filter((step) => step.status.tone === "broken" && !step.steps.some((inner) => inner.status.tone === "broken"));
}

const waiting = (tree: Tree): Step[] => [...tree.byId.values()].filter((step) => step.status.tone === "held" || (step.row !== null && step.status.shape === "queued"));

export function useNext(): (what: "failed" | "waiting", by: 1 | -1) => void {
  const { tree } = useRun();
  const { sel } = useRunSearch();
  const change = useChange();
  return useCallback(
    (what, by) => {
      const found = what === "failed" ? failures(tree) : waiting(tree);
      if (!found.length) return;
      const at = found.findIndex((step) => step.id === sel);
      const next = found[at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length];
      if (next) change({ sel: next.id, item: undefined, att: undefined });
    },
    [tree, sel, change],
  );
}
