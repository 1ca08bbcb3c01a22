/** The log of the chosen try of a step, or of one item of an array. */
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useCallback, useMemo } from "react";
import { listItems } from "../../api/runs";
import { NEWS_MS, PASSING } from "../../queries";
import { Bars, Empty } from "../../ui/State";
import { usePaced } from "../../ui/usePaced";
import { useChange, useRun, useRunSearch } from "../context";
import { Log } from "../log/Log";
import type { Step } from "../plan/tree";

export function LogTab({ step, item }: { step: Step; item: number }): ReactElement {
  const { id } = useRun();
  const { att, line } = useRunSearch();
  const change = useChange();
  const onLine = useCallback((number: number) => change({ line: number }), [change]);
  const newest = useNewestTry(step, item);
  const attempt = att ?? newest;
  const of = useMemo(() => (attempt === null ? null : { run: id, node: step.id, attempt, index: item }), [id, step.id, attempt, item]);
  if (!of) return newest === undefined ? <Bars /> : <Empty title="It has not begun." />;
  return <Log key={`${of.node} ${of.index} ${of.attempt}`} of={of} isOpen={!step.status.ended} opensAtError={step.status.tone === "broken"} line={line} onLine={onLine} />;
}

/** Null if there is none. */
function useNewestTry(step: Step, item: number): number | null {
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
