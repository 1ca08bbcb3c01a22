/** The tries of a step, by how they ended. */
import type { ReactElement } from "react";
import { attemptStatus } from "../../status/status";
import { Glyph } from "../../ui/Glyph";
import { useChange, useRun, useRunSearch } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Attempts.module.css";

export function Attempts({ step }: { step: Step }): ReactElement | null {
  const { state } = useRun();
  const { att } = useRunSearch();
  const change = useChange();
  const tries = step.row?.tries ?? 0;
  if (tries < 2) return null;
  const known = new Map((state.attempts.get(step.id) ?? []).map((each) => [each.attempt, each]));
  const chosen = att ?? tries - 1;
  return (
    <div className={styles.tries} data-attempts role="group" aria-label="Tries">
      <span className={styles.label}>try</span>
      {Array.from({ length: tries }, (_, attempt) => (
        <button key={attempt} type="button" className={styles.try} aria-pressed={attempt === chosen} onClick={() => change({ att: attempt, line: undefined })}>
          <Glyph status={attempt === tries - 1 ? step.status : attemptStatus(known.get(attempt)?.phase ?? 8)} /> {attempt + 1}
        </button>
      ))}
    </div>
  );
}
