/** The head of a run: how it is, why, what it was made of, and what can be done. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactElement, useMemo } from "react";
import { explain, firstCause } from "../api/causes";
import { ARRAY, PARENT } from "../api/runs";
import { NEWS_MS, PASSING } from "../queries";
import { counted, countsOfItems, joined } from "../status/counts";
import { GATE, NOT_TAKEN, runStatus } from "../status/status";
import { visible } from "../text/names";
import { grouped } from "../text/numbers";
import { Button } from "../ui/Button";
import { Marked } from "../ui/Marked";
import { Glyph } from "../ui/Glyph";
import { Took } from "../ui/Time";
import { CountVane } from "../ui/Vane";
import { usePaced } from "../ui/usePaced";
import { MoreMemory } from "./actions/MoreMemory";
import { RunActions } from "./actions/RunActions";
import { useChange, useRun } from "./context";
import { Made } from "./Made";
import { shownStatus } from "./status";
import styles from "./RunHeader.module.css";

export function RunHeader(): ReactElement {
  const { state } = useRun();
  const { run } = state;
  const status = shownStatus(state);
  const from = run.started_at ?? run.created_at;
  return (
    <header className={styles.header}>
      <div className={styles.first}>
        <h1 className={`${styles.title} ${status.tone}`}>
          <Glyph status={status} label={false} />
          <span>{status.word[0]?.toUpperCase()}{status.word.slice(1)}</span>
          <span className={styles.took}>{status.ended ? "after" : "for"} <Took from={from} to={run.ended_at} /></span>
        </h1>
        <Made />
        <RunActions />
      </div>
      <p className="visually-hidden" role="status">The run {visible(run.name)} {status === GATE ? "" : "is "}{status.word}.</p>
      <First />
      <Parts />
    </header>
  );
}

/** The first cause, in the platform's own words. It is asked again when a node's phase may have changed. */
function First(): ReactElement | null {
  const { id, state, tree } = useRun();
  const change = useChange();
  const status = runStatus(state.run.phase);
  const asks = status.tone !== "done";
  const seq = usePaced(state.seq, NEWS_MS);
  const { data } = useQuery({
    queryKey: ["explain", id, "", -1, status.ended ? state.seq : seq],
    ...PASSING,
    queryFn: ({ signal }) => explain(id, "", -1, signal),
    enabled: asks,
    placeholderData: keepPreviousData,
    staleTime: status.ended ? Infinity : 1_000,
  });
  if (!asks) return null;
  if (!data) return <p className={styles.cause}>&nbsp;</p>;
  const cause = firstCause(data);
  const step = tree.byId.get(cause.node_id);
  const others = Math.max(0, data.because.length - 1);
  return (
    <p className={styles.cause}>
      <span className={styles.said} title={visible(cause.text)}><Marked text={cause.text} /></span>
      {others ? <span className={styles.others}>and {others} more</span> : null}
      {step ? <Button small onClick={() => change({ sel: step.id, tab: undefined, item: undefined, att: undefined, line: undefined })}>Show the step</Button> : null}
      {step?.row && (step.kind === "task" || step.isDynamic) && step.row.tries > 0 ? <Button small onClick={() => change({ sel: step.id, tab: "log", item: undefined, att: undefined, line: undefined })}>Log</Button> : null}
      <MoreMemory cause={cause} />
    </p>
  );
}

/** All parts of the run: its steps, and the items of its arrays, so that one failure of many is seen. */
function Parts(): ReactElement {
  const { state, tree } = useRun();
  const counts = useMemo(() => {
    const steps = [...tree.byId.values()].filter((step) => step.status !== NOT_TAKEN && !((step.row?.flags ?? 0) & (PARENT | ARRAY)));
    return joined(counted(steps.map((step) => step.status)), ...Object.values(state.arrays).map((array) => countsOfItems(array.size, array.phases)));
  }, [tree, state.arrays]);
  const change = useChange();
  return (
    <div className={styles.parts}>
      <CountVane counts={counts} height={12} />
      <p className={styles.counts}>
        {counts.map(({ status, count }) => (
          <button key={status.word} type="button" className={`${styles.count} ${status.tone}`} onClick={() => change({ ph: status.tone })} title={`Show only these`}>
            <Glyph status={status} label={false} /> {grouped(count)} {status.word}
          </button>
        ))}
      </p>
    </div>
  );
}
