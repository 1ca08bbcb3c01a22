/** The sign of a state: an own 12 px sprite, so that shape tells what colour alone must not. */
import type { ReactElement } from "react";
import type { Shape, Status } from "../status/status";
import styles from "./Glyph.module.css";

const DISC = <circle cx="6" cy="6" r="5" />;
const RING = <circle cx="6" cy="6" r="4.25" className={styles.line} />;
const CHECK = <path d="m3.4 6.2 1.8 1.8 3.4-3.8" className={styles.cut} />;
const DIAMOND = <path d="M6 .4 11.6 6 6 11.6.4 6z" />;

const SHAPES: Record<Shape, ReactElement> = {
  queued: RING,
  unbegun: <circle cx="6" cy="6" r="1.75" />,
  skipped: <path d="m2 2.6 3.4 3.4L2 9.4M6.4 2.6 9.8 6 6.4 9.4" className={styles.line} />,
  running: <>{RING}<path d="M6 1.75a4.25 4.25 0 0 1 0 8.5z" /></>,
  gate: <path d="M2.5 1.5h2.6v9H2.5zM6.9 1.5h2.6v9H6.9z" />,
  waits: <><circle cx="2" cy="6" r="1.4" /><circle cx="6" cy="6" r="1.4" /><circle cx="10" cy="6" r="1.4" /></>,
  retry: <path d="M9.7 4.1A4.2 4.2 0 1 0 10.2 6M10.2 1.4v3H7.2" className={styles.line} />,
  asleep: <path d="M9.9 7.7A4.4 4.4 0 1 1 4.6 1.9a3.6 3.6 0 0 0 5.3 5.8z" />,
  succeeded: <>{DISC}{CHECK}</>,
  cached: <><circle cx="6" cy="6" r="4.5" className={styles.line} strokeDasharray="2 1.1" /><path d="m3.6 6.2 1.7 1.7 3.1-3.6" className={styles.line} /></>,
  recovered: <>{RING}<path d="m3.6 6.2 1.7 1.7 3.1-3.6" className={styles.line} /></>,
  failed: DIAMOND,
  failing: <><path d="M6 1.1 10.9 6 6 10.9 1.1 6z" className={styles.line} /><path d="M6 .4v11.2L.4 6z" /></>,
  timedOut: <>{DIAMOND}<path d="M6 3.2V6l1.9 1.4" className={styles.cut} /></>,
  aborted: <path d="M1.5 1.5h9v9h-9z" />,
  aborting: <><path d="M2 2h8v8H2z" className={styles.line} /><path d="M1.5 1.5H6v9H1.5z" /></>,
};

export function Glyph({ status, label = true }: { status: Status; label?: boolean }): ReactElement {
  const named = label ? { role: "img", "aria-label": status.word } : { "aria-hidden": true };
  return (
    <svg viewBox="0 0 12 12" className={`${styles.glyph} ${status.tone} ${styles[status.shape] ?? ""}`} {...named}>
      {SHAPES[status.shape]}
    </svg>
  );
}
