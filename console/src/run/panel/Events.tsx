/** The records of what happened, in order, to be filtered. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { listReasons } from "../../api/causes";
import { NEWS_MS, PASSING } from "../../queries";
import { visible } from "../../text/names";
import { instant } from "../../text/time";
import { Button } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { At } from "../../ui/Time";
import { usePaced } from "../../ui/usePaced";
import { useRun, useSelect } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Events.module.css";

export function Events({ step, item }: { step: Step | null; item: number }): ReactElement {
  const { id, state, tree } = useRun();
  const select = useSelect();
  const [text, setText] = useState("");
  const seq = usePaced(state.seq, NEWS_MS);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["reasons", id, step?.id ?? "", item, seq],
    ...PASSING,
    queryFn: ({ signal, pageParam }) => listReasons(id, step?.id ?? "", item, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: (before) => before,
  });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars />;
  const rows = data.pages.flatMap((page) => page.rows).filter((row) => `${row.code} ${row.text} ${row.node_id}`.toLowerCase().includes(text.toLowerCase()));
  return (
    <div>
      <input type="search" className={styles.filter} value={text} placeholder="Filter" aria-label="Filter the events" onChange={(event) => setText(event.currentTarget.value)} />
      {rows.length ? null : <Empty title={text ? "Nothing meets this filter." : "Nothing was noted: all went as planned."} />}
      <ol>
        {rows.map((row, place) => {
          const at = instant(row.at);
          const of = step ? undefined : tree.byId.get(row.node_id);
          return (
            <li key={place} className={styles.row}>
              <p className={styles.head}>
                {at === null ? null : <At at={at} />}
                {of ? <button type="button" onClick={() => select(of.id)}>{visible(of.name)}</button> : null}
                {row.index >= 0 ? <span>[{row.index}]</span> : null}
                {row.attempt > 0 ? <span>try {row.attempt + 1}</span> : null}
                <code>{visible(row.code)}</code>
              </p>
              <p className={styles.text}>{visible(row.text)}</p>
            </li>
          );
        })}
      </ol>
      {hasNextPage ? <div className={styles.more}><Button small onClick={() => void fetchNextPage()}>More</Button></div> : null}
    </div>
  );
}
