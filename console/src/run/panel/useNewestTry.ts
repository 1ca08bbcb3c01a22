/** The newest try of a step, or of one item of an array. */
import { useQuery } from "@tanstack/react-query";
import { listItems } from "../../api/runs";
import { NEWS_MS, PASSING } from "../../queries";
import { usePaced } from "../../ui/usePaced";
import { useRun } from "../context";
import type { Step } from "../plan/tree";

/** Null if there is none, undefined while nobody knows. */
export function useNewestTry(step: Step, item: number): number | null {
  const { id, state } = useRun();
  const seq = usePaced(state.seq, NEWS_MS);
  const { data } = useQuery({
    queryKey: ["item", id, step.id, item, step.status.ended ? "ended" : seq],
    ...PASSING,
    queryFn: ({ signal }) => listItems(id, step.id, { from: item, limit: 1 }, signal),
    enabled: item >= 0,
  });
  if (item < 0) return step.row && step.row.tries > 0 ? step.row.tries - 1 : null;
  const found = data?.items[0];
  return found?.index === item ? found.attempt : null;
}
