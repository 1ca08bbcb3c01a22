/** The log of the chosen try of a step, or of one item of an array. */
import { type ReactElement, useCallback, useMemo } from "react";
import { Bars, Empty } from "../../ui/State";
import { useChange, useRun, useRunSearch } from "../context";
import { Log } from "../log/Log";
import type { Step } from "../plan/tree";
import { useNewestTry } from "./useNewestTry";

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
