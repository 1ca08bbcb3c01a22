/** The names of the steps of two runs, by the graphs of the second, and of the first for what the second has not. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Comparison } from "../../api/compare";
import { graphOf } from "../../run/ahead";
import { NO_PLAN, type Plan, planOf } from "../../run/plan/closure";
import { namesOf, unexplained } from "./names";

const READ_AT_ONCE = 24;

/** Null while the graphs are read. */
export function useNames({ a, b, nodes }: Comparison): ((id: string) => string) | null {
  const { data, isFetched } = useQuery(graphOf(b));
  const plan = useMemo(() => (data ? planOf(data) : NO_PLAN), [data]);
  const outer = useMade(a, b, nodes, plan, NONE);
  const inner = useMade(a, b, nodes, plan, outer.made);
  const names = useMemo(() => namesOf(nodes, plan, new Map([...outer.made, ...inner.made])), [nodes, plan, outer.made, inner.made]);
  return isFetched && outer.areRead && inner.areRead ? names : null;
}

const NONE: ReadonlyMap<string, Plan> = new Map();

/** The graphs of those steps whose inside is not known otherwise. */
function useMade(a: Comparison["a"], b: Comparison["b"], nodes: Comparison["nodes"], plan: Plan, known: ReadonlyMap<string, Plan>): { made: ReadonlyMap<string, Plan>; areRead: boolean } {
  const ids = useMemo(() => unexplained(nodes, plan, known).slice(0, READ_AT_ONCE), [nodes, plan, known]);
  const found = useQueries({ queries: ids.map((id) => graphOf(nodes.b_phase[nodes.id.indexOf(id)] ? b : a, id)) });
  const read = found.map((each) => each.dataUpdatedAt).join();
  const made = useMemo(
    () => new Map(ids.flatMap((id, at) => {
      const graph = found[at]?.data;
      return graph ? [[id, planOf(graph)] as const] : [];
    })),
    // oxlint-disable-next-line react/exhaustive-deps
    [ids, read],
  );
  return { made, areRead: found.every((each) => each.isFetched) };
}
