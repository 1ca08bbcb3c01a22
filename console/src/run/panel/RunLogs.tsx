/** A text in all logs of the run, searched by the platform: each line leads to the log that it stands in. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CaseSensitive } from "lucide-react";
import { type ReactElement, useMemo, useRef, useState } from "react";
import { type LogHit, searchLogs } from "../../api/logs";
import { NEWS_MS, PASSING } from "../../queries";
import { useKeys } from "../../shell/useKeys";
import { plural, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { IconButton } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { useSettled } from "../../ui/useSettled";
import { usePaced } from "../../ui/usePaced";
import { useChange, useRun } from "../context";
import { plain } from "../log/ansi";
import { marked, patternOf } from "../log/search";
import styles from "./RunLogs.module.css";

const MOST = 500;

export function RunLogs(): ReactElement {
  const { id, state } = useRun();
  const [text, setText] = useState("");
  const [minds, setMinds] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const asked = useSettled(text);
  const open = state.run.ended_at === null;
  useKeys((key) => {
    if (key !== "/") return false;
    field.current?.focus();
    return true;
  });
  const seq = usePaced(state.seq, NEWS_MS);
  const { data, error, refetch } = useQuery({
    queryKey: ["log-search", id, asked, minds, open ? seq : "ended"],
    ...PASSING,
    queryFn: ({ signal }) => searchLogs(id, asked, minds, MOST, signal),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
  });
  return (
    <div className={styles.logs} data-log>
      <p className={styles.bar}>
        <input ref={field} type="search" className={styles.field} value={text} placeholder="/ search all logs of the run" aria-label="Search all logs" onChange={(event) => setText(event.currentTarget.value)} />
        {asked && data ? <span className={styles.count} aria-live="polite">{data.hits.length ? `${plural(data.hits.length, "line")}${data.more ? " and more" : ""}` : "no match"}</span> : null}
        <IconButton label="Mind upper and lower case" aria-pressed={minds} onClick={() => setMinds(!minds)}><CaseSensitive size={15} /></IconButton>
      </p>
      {error ? <Problem error={error} onRetry={() => void refetch()} /> : !asked ? <Empty title="Type what to look for. The log of a step is in its own panel." /> : data ? <Hits hits={data.hits} text={asked} minds={minds} /> : <Bars />}
    </div>
  );
}

function Hits({ hits, text, minds }: { hits: readonly LogHit[]; text: string; minds: boolean }): ReactElement {
  const { tree } = useRun();
  const change = useChange();
  const pattern = useMemo(() => patternOf(text, minds), [text, minds]);
  return (
    <ul className={styles.hits}>
      {hits.map((hit) => {
        const item = hit.index ?? -1;
        const name = tree.byId.get(hit.node_id)?.name ?? hit.node_id;
        const where = `${name}${item >= 0 ? `[${item}]` : ""}${hit.attempt > 0 ? ` ↻ ${hit.attempt}` : ""}`;
        return (
          <li key={`${hit.node_id} ${hit.attempt} ${item} ${hit.offset}`}>
            <button type="button" className={styles.hit} title={visible(where)} onClick={() => change({ sel: hit.node_id, item: item >= 0 ? item : undefined, att: hit.attempt, line: hit.line, tab: "log" }, true)}>
              <span className={styles.where}>{visible(where)}</span>
              <span className={styles.number}>{grouped(hit.line)}</span>
              <code className={styles.text}>{marked(visible(plain(hit.text)), pattern).map((part, at) => (part.isMatch ? <mark key={at}>{part.text}</mark> : part.text))}</code>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
