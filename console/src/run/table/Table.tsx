/** The table of steps: exact figures, to be sorted and taken along. */
import { Copy } from "lucide-react";
import { type ReactElement, useMemo, useRef, useState } from "react";
import { duration, moment } from "../../text/time";
import { firstLine, ownCode, visible } from "../../text/names";
import { IconButton } from "../../ui/Button";
import { Empty } from "../../ui/State";
import { useRun } from "../context";
import { tookOf } from "../took";
import { StepName, itemsOf, useLines, useRowProps } from "../Lines";
import { KIND_WORDS } from "../plan/kinds";
import type { Line } from "../plan/visible";
import { CACHE_WORDS, type Column, asText, sorted } from "./columns";
import styles from "./Table.module.css";
import { copy } from "../../ui/clipboard";

const HEADS: readonly { readonly id: Column; readonly label: string }[] = [
  { id: "step", label: "Step" },
  { id: "status", label: "Status" },
  { id: "began", label: "Began" },
  { id: "took", label: "Took" },
  { id: "tries", label: "Tries" },
  { id: "cache", label: "Cache" },
  { id: "reason", label: "Reason" },
];

export function Table({ lines }: { lines: readonly Line[] }): ReactElement {
  const { state } = useRun();
  const scroll = useRef<HTMLDivElement>(null);
  const [by, setBy] = useState<{ column: Column; down: boolean } | null>(null);
  const shown = useMemo(() => (by ? sorted(lines, by.column, by.down, state) : lines), [lines, by, state]);
  const rows = useLines(shown, scroll, 28);
  const rowProps = useRowProps();
  const turn = (column: Column): void => setBy((now) => (now?.column !== column ? { column, down: column !== "step" } : now.down ? { column, down: false } : null));
  return (
    <div ref={scroll} className={styles.scroll} role="treegrid" aria-label="Steps" aria-rowcount={shown.length}>
      <div className={styles.head} role="row">
        {HEADS.map(({ id, label }) => (
          <span key={id} role="columnheader" className={styles[id]} aria-sort={by?.column === id ? (by.down ? "descending" : "ascending") : "none"}>
            <button type="button" className={styles.sort} onClick={() => turn(id)}>{label}{by?.column === id ? (by.down ? " ↓" : " ↑") : ""}</button>
          </span>
        ))}
        <span role="columnheader">
          <IconButton label="Copy the table" onClick={() => void copy(asText(shown, state))}><Copy size={13} /></IconButton>
        </span>
      </div>
      <div className={styles.rows} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const line = shown[item.index];
          if (!line) return null;
          const { step } = line;
          const error = state.errors[step.id];
          const row = step.row;
          const took = tookOf(row, state.attempts);
          return (
            <div key={item.key} style={{ transform: `translateY(${item.start}px)` }} {...rowProps(line, item.index, styles.line)}>
              <span role="gridcell" className={styles.step}><StepName line={by ? { ...line, depth: 0 } : line} count={itemsOf(step, state.arrays)} /></span>
              <span role="gridcell" className={`${styles.status} ${step.status.tone}`}>{step.status.word}</span>
              <span role="gridcell" className={styles.began}>{row && row.started >= 0 ? `+${moment(row.started, 100)}` : ""}</span>
              <span role="gridcell" className={styles.took}>{took === null ? "" : duration(took)}</span>
              <span role="gridcell" className={styles.tries}>{row && row.tries > 1 ? row.tries : ""}</span>
              <span role="gridcell" className={styles.cache}>{row ? CACHE_WORDS[row.cache] : ""}</span>
              <span role="gridcell" className={styles.reason} title={error ? visible(error.message) : undefined}>
                {error ? <><b>{visible(ownCode(error.code))}</b> {visible(firstLine(error.message))}</> : <i>{KIND_WORDS[step.kind]}</i>}
              </span>
            </div>
          );
        })}
      </div>
      {shown.length ? null : <Empty title="No step meets this filter." />}
    </div>
  );
}
