/** What each try has used of its machine, beside what it asked for and could have. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { readUse } from "../../api/runs";
import { NEWS_MS, PASSING } from "../../queries";
import { attemptStatus } from "../../status/status";
import { duration } from "../../text/time";
import { Glyph } from "../../ui/Glyph";
import { Bars, Empty, Problem } from "../../ui/State";
import { usePaced } from "../../ui/usePaced";
import { useRun } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Use.module.css";
import { type Line, linesOf } from "./used";

export function Use({ step, item }: { step: Step; item: number }): ReactElement {
  const { id, state } = useRun();
  const seq = usePaced(state.seq, NEWS_MS);
  const { data, error, refetch } = useQuery({
    queryKey: ["use", id, step.id, item, step.status.ended ? "ended" : seq],
    ...PASSING,
    queryFn: ({ signal }) => readUse(id, step.id, item, signal),
    placeholderData: keepPreviousData,
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars />;
  if (!data.attempts.length) return <Empty title="It has run no attempt of its own." />;
  return (
    <div className={styles.use}>
      {data.attempts.toReversed().map((each) => {
        const status = attemptStatus(each.phase);
        return (
          <section key={each.attempt} aria-label={`Try ${each.attempt + 1}`}>
            <h3 className={styles.head}>
              <Glyph status={status} label={false} /> Try {each.attempt + 1} <span>{status.word}{each.took_us === null ? "" : ` · ${duration(each.took_us / 1000)}`}</span>
            </h3>
            {status.ended ? <dl>{linesOf(each).map((line) => <Figures key={line.name} line={line} />)}</dl> : <p className={styles.open}>Its figures come when it has ended.</p>}
          </section>
        );
      })}
    </div>
  );
}

export function Figures({ line: { name, figure, how, beside, bar } }: { line: Line }): ReactElement {
  return (
    <div className={styles.line}>
      <dt>{name}</dt>
      <dd>
        <p className={styles.figure}>{figure} {how ? <span>{how}</span> : null}</p>
        {bar ? (
          <svg className={styles.bar} data-tight={bar.isTight || undefined} viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
            <rect className={styles.whole} width="1000" height="8" />
            <rect className={styles.used} width={Math.max(4, bar.used * 1000)} height="8" />
            {bar.requested === null ? null : <rect className={styles.mark} x={bar.requested * 1000 - 2} width="4" height="8" />}
          </svg>
        ) : null}
        {name === "written" ? null : <p className={styles.beside}>{beside}</p>}
      </dd>
    </div>
  );
}
