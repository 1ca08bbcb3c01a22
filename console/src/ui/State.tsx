/** What a view shows when it has nothing, not yet, or an error. */
import type { ReactElement, ReactNode } from "react";
import { Refused } from "../api/http";
import { Button } from "./Button";
import { Marked } from "./Marked";
import styles from "./State.module.css";

/** `children` are ways on, to where the thing would be. */
export function Problem({ error, onRetry, children }: { error: unknown; onRetry?: () => void; children?: ReactNode }): ReactElement {
  const told = error instanceof Refused ? error : new Refused(-1, "ConsoleFailed", String(error instanceof Error ? error.message : error));
  return (
    <div className={styles.problem} role="alert">
      <p><code className={styles.code}>{told.code}</code> <Marked text={told.message} /></p>
      {told.fix ? <p className={styles.fix}><Marked text={told.fix} /></p> : null}
      {onRetry || children ? <p className={styles.ways}>{onRetry ? <Button small onClick={onRetry}>Try again</Button> : null}{children}</p> : null}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      {children}
    </div>
  );
}

/** Still bars in the final size, seen only when something takes long. */
export function Bars({ rows = 6 }: { rows?: number }): ReactElement {
  return (
    <div className={styles.bars} aria-busy="true" aria-label="loading" role="status">
      {Array.from({ length: rows }, (_, place) => <span key={place} style={{ width: `${72 - ((place * 17) % 40)}%` }} />)}
    </div>
  );
}
