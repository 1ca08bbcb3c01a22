/** The way from one step of interest to the next: errors, down to the items of arrays, and what waits. */
import { useCallback } from "react";
import { useChange, useRun, useRunSearch } from "./context";
import { nextFailed } from "./plan/failed";
import type { Step, Tree } from "./plan/tree";

/** Steps that have failed themselves: not those that only hold one that has. */
export function failures(tree: Tree): Step[] {
  return [...tree.byId.values()].filter((step) => step.status.tone === "broken" && !step.steps.some((inner) => inner.status.tone === "broken"));
}

const waiting = (tree: Tree): Step[] => [...tree.byId.values()].filter((step) => step.status.tone === "held" || (step.row !== null && step.status.shape === "queued"));

/** The way through the failed items of an array. It says whether it has led anywhere: from the last on, to the next step. */
export function useNextItem(): (step: string, by: 1 | -1) => Promise<boolean> {
  const { source, items } = useRun();
  const { item = -1 } = useRunSearch();
  const change = useChange();
  return useCallback(
    async (step, by) => {
      if (item < 0 && by < 0) return false;
      const next = nextFailed(items.get(step) ?? (await source.watchItems(step)), item, by);
      if (next < 0 && by > 0) return false;
      change({ sel: step, item: next < 0 ? undefined : next, att: undefined, line: undefined });
      return true;
    },
    [source, items, item, change],
  );
}

export function useNext(): (what: "failed" | "waiting", by: 1 | -1) => Promise<void> {
  const { tree, state } = useRun();
  const { sel } = useRunSearch();
  const change = useChange();
  const nextItem = useNextItem();
  return useCallback(
    async (what, by) => {
      if (what === "failed" && sel && state.arrays[sel] && (await nextItem(sel, by))) return;
      const found = what === "failed" ? failures(tree) : waiting(tree);
      if (!found.length) return;
      const at = found.findIndex((step) => step.id === sel);
      const next = found[at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length];
      if (next) change({ sel: next.id, item: undefined, att: undefined, line: undefined });
    },
    [tree, state.arrays, sel, change, nextItem],
  );
}
