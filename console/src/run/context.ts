/** What all parts of a run's page share: the run as it is known, its steps, and the one selection. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { createContext, use, useCallback } from "react";
import type { RunId } from "../api/runs";
import type { RunSearch } from "../search";
import type { RunSource } from "./live/source";
import type { RunState } from "./live/state";
import type { Step, Tree } from "./plan/tree";

export interface OfRun {
  readonly id: RunId;
  readonly source: RunSource;
  readonly state: RunState;
  readonly tree: Tree;
  readonly items: ReadonlyMap<string, Uint8Array>;
}

export const RunContext = createContext<OfRun | null>(null);

export function useRun(): OfRun {
  const found = use(RunContext);
  if (!found) throw new Error("a part of a run's page stands outside of it");
  return found;
}

const FROM = "/projects/$project/domains/$domain/executions/$name";

export function useRunSearch(): RunSearch {
  return useSearch({ from: FROM });
}

/** Change the address. Selection and filters replace it, so that Back leaves the page; a view is a step of its own. */
export function useChange(): (next: RunSearch, push?: boolean) => void {
  const navigate = useNavigate();
  return useCallback(
    (next, push = false) => void navigate({ from: FROM, to: ".", search: (now) => ({ ...now, ...next }), replace: !push, resetScroll: false }),
    [navigate],
  );
}

export interface Selection {
  readonly step: Step | null;
  readonly item: number;
  readonly attempt: number | null;
}

export function useSelection(): Selection {
  const { tree } = useRun();
  const { sel, item, att } = useRunSearch();
  return { step: (sel && tree.byId.get(sel)) || null, item: item ?? -1, attempt: att ?? null };
}

export function useSelect(): (id: string | null, item?: number) => void {
  const change = useChange();
  return useCallback((id, item) => change({ sel: id ?? undefined, item: item !== undefined && item >= 0 ? item : undefined, att: undefined, line: undefined }), [change]);
}
