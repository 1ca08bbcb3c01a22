/** The run that a launch plan node has started. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { visible } from "../../text/names";
import { useRun } from "../context";
import type { Step } from "../plan/tree";
import styles from "./ChildRun.module.css";

export function ChildRun({ step }: { step: Step }): ReactElement | null {
  const { id, state } = useRun();
  const child = state.children[step.id];
  if (!child) return null;
  return (
    <p className={styles.child}>
      Runs as <Link to="/projects/$project/domains/$domain/executions/$name" params={{ project: id.project, domain: id.domain, name: child }}>{visible(child)}</Link>
    </p>
  );
}
