/** The last lines that a step printed before it failed. */
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { readLog } from "../../api/logs";
import { Button } from "../../ui/Button";
import { useChange, useRun, useRunSearch } from "../context";
import { lastLines } from "../log/last";
import type { Step } from "../plan/tree";
import { useNewestTry } from "./useNewestTry";
import styles from "./Why.module.css";

const TAIL_BYTES = 16 << 10;

/** `told` is what is said of its error already. */
export function LastLines({ step, item, told }: { step: Step; item: number; told: string }): ReactElement | null {
  const { id } = useRun();
  const { att } = useRunSearch();
  const change = useChange();
  const newest = useNewestTry(step, item);
  const attempt = att ?? newest ?? null;
  const { data } = useQuery({
    queryKey: ["last lines", id, step.id, item, attempt],
    queryFn: ({ signal }) => readLog({ run: id, node: step.id, attempt: attempt ?? 0, index: item }, { tail: TAIL_BYTES }, signal),
    enabled: attempt !== null,
    staleTime: Infinity,
  });
  const lines = data ? lastLines(data.bytes, data.offset > 0, told) : [];
  if (!lines.length) return null;
  return (
    <section aria-label="The end of its log">
      <p className={styles.logHead}>It printed last <Button small look="quiet" onClick={() => change({ tab: "log", line: undefined })}>All of the log</Button></p>
      <pre className={styles.log} tabIndex={0}>{lines.join("\n")}</pre>
    </section>
  );
}
