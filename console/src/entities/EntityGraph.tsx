/** The graph of a workflow as it was compiled, before any run. */
import { type ReactElement, lazy, Suspense, useMemo } from "react";
import type { WorkflowClosure } from "../api/idl";
import { Bars } from "../ui/State";
import { planOf } from "../run/plan/closure";
import styles from "./Entity.module.css";
import { plannedTree } from "../run/plan/planned";

const PlanGraph = lazy(async () => ({ default: (await import("../run/graph/PlanGraph")).PlanGraph }));

export function EntityGraph({ closure }: { closure: WorkflowClosure }): ReactElement {
  const tree = useMemo(() => plannedTree(planOf(closure)), [closure]);
  return <div className={styles.graph}><Suspense fallback={<Bars />}><PlanGraph tree={tree} /></Suspense></div>;
}
