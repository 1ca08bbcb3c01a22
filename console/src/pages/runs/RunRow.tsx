/** One run of a list. */
import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Run } from "../../api/runs";
import { countsOfNodes } from "../../status/counts";
import { GATE, type Status } from "../../status/status";
import { firstLine, middle, ownCode, shortName, shortVersion, visible } from "../../text/names";
import { Glyph } from "../../ui/Glyph";
import { Ago, Took } from "../../ui/Time";
import { CountVane } from "../../ui/Vane";
import styles from "./Runs.module.css";

export function RunRow({ run, status, place, longest, chosen, onChoose, onFocus }: {
  run: Run;
  status: Status;
  place: number;
  longest: number;
  chosen: boolean;
  onChoose: () => void;
  onFocus: () => void;
}): ReactElement {
  const took = run.ended_at === null ? 1 : (run.ended_at - run.created_at) / longest;
  return (
    <li className={`${styles.row} ${chosen ? styles.chosen : ""}`} data-row={place} onFocus={onFocus}>
      <input type="checkbox" className={styles.check} checked={chosen} onChange={onChoose} aria-label={`Select ${visible(run.name)}`} />
      <Glyph status={status} />
      <Link className={styles.name} title={visible(run.name)} to="/projects/$project/domains/$domain/executions/$name" params={{ project: run.project, domain: run.domain, name: run.name }}>
        {middle(visible(run.name), 48)}
      </Link>
      <span className={styles.of} title={`${visible(run.workflow.name)} @ ${visible(run.workflow.version)}`}>
        {visible(shortName(run.workflow.name))}<span className={styles.version}>@{shortVersion(visible(run.workflow.version))}</span>
      </span>
      <span className={styles.vane}><CountVane counts={countsOfNodes(run.nodes)} /></span>
      <span className={`${styles.took} ${status.tone}`} style={{ "--share": took } as React.CSSProperties}><Took from={run.started_at ?? run.created_at} to={run.ended_at} /></span>
      <span className={styles.reason}>{run.reason ? <><b>{visible(ownCode(run.reason.code))}</b> {visible(firstLine(run.reason.message))}</> : status === GATE ? <strong className={`${styles.asks} ${status.tone}`}>{status.word}</strong> : null}</span>
      <span className={styles.when}><Ago at={run.created_at} /></span>
    </li>
  );
}
