/** Where a step stands: the steps that it is in. */
import type { ReactElement } from "react";
import { visible } from "../../text/names";
import { useRun, useSelect } from "../context";
import { type Step, wayTo } from "../plan/tree";
import styles from "./Way.module.css";

export function Way({ step }: { step: Step }): ReactElement | null {
  const { tree } = useRun();
  const select = useSelect();
  const above = wayTo(tree, step.id).slice(0, -1);
  if (!above.length) return null;
  return (
    <nav className={styles.way} aria-label="The steps that this one is in">
      {above.map((each) => <button key={each.id} type="button" onClick={() => select(each.id)}>{visible(each.name)}</button>)}
    </nav>
  );
}
