/** The items of an array: all in one strip, counts as filters, errors by what they say, and a list by number. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useEffect, useMemo, useRef, useState } from "react";
import { type Item, listItems, readItemSummary } from "../../api/runs";
import { NEWS_MS, PASSING } from "../../queries";
import { counted, countsOfItems, type Count } from "../../status/counts";
import { attemptStatus, CACHED, itemStatus } from "../../status/status";
import { ownCode, visible } from "../../text/names";
import { grouped } from "../../text/numbers";
import { duration } from "../../text/time";
import { Glyph } from "../../ui/Glyph";
import { Bars, Empty, Problem } from "../../ui/State";
import { CountVane, PartVane } from "../../ui/Vane";
import { usePaced } from "../../ui/usePaced";
import { useRun, useSelect } from "../context";
import type { Step } from "../plan/tree";
import styles from "./Items.module.css";

const PAGE = 200;
const ROW_PX = 26;

export function Items({ step }: { step: Step }): ReactElement {
  const { items, state } = useRun();
  const [phase, setPhase] = useState<string | null>(null);
  const [from, setFrom] = useState(0);
  const array = state.arrays[step.id];
  const phases = items.get(step.id);
  const counts = useMemo(() => (phases ? counted([...phases].map(itemStatus)) : array ? countsOfItems(array.size, array.phases) : []), [phases, array]);
  const size = array?.size ?? phases?.length ?? 0;
  return (
    <div className={styles.items}>
      <div className={styles.head}>
        {phases ? <PartVane parts={phases} counts={counts} onPick={(index) => { setPhase(null); setFrom(index); }} /> : <CountVane counts={counts} height={14} />}
        <Counts counts={counts} chosen={phase} onChoose={(next) => { setPhase(next); setFrom(0); }} />
        <GoTo step={step} size={size} />
      </div>
      {phases ? <Summary step={step} /> : null}
      <List step={step} phase={phase} from={from} size={size} />
    </div>
  );
}

const NUMBERS: Record<string, string> = { queued: "1", running: "2", succeeded: "3", cached: "3", aborted: "4", failed: "5", starting: "6", "waits for resources": "7", "failed, tried again": "8" };

function Counts({ counts, chosen, onChoose }: { counts: readonly Count[]; chosen: string | null; onChoose: (phase: string | null) => void }): ReactElement {
  return (
    <p className={styles.counts}>
      {counts.map(({ status, count }) => {
        const number = NUMBERS[status.word];
        const said = <><Glyph status={status} label={false} /> {grouped(count)} {status.word}</>;
        return number ? (
          <button key={status.word} type="button" className={styles.count} aria-pressed={chosen === number} onClick={() => onChoose(chosen === number ? null : number)}>{said}</button>
        ) : <span key={status.word} className={styles.count}>{said}</span>;
      })}
    </p>
  );
}

function GoTo({ step, size }: { step: Step; size: number }): ReactElement {
  const select = useSelect();
  const [text, setText] = useState("");
  return (
    <form
      className={styles.goto}
      onSubmit={(event) => {
        event.preventDefault();
        const index = Number(text.replace(/[[\]\s]/g, "") || Number.NaN);
        if (Number.isInteger(index) && index >= 0 && index < size) select(step.id, index);
      }}
    >
      <label>Go to <input inputMode="numeric" value={text} placeholder={`0–${Math.max(0, size - 1)}`} onChange={(event) => setText(event.currentTarget.value)} /></label>
    </form>
  );
}

function Summary({ step }: { step: Step }): ReactElement | null {
  const { id, state } = useRun();
  const select = useSelect();
  const open = !step.status.ended;
  const seq = usePaced(state.seq, NEWS_MS);
  const { data } = useQuery({
    queryKey: ["summary", id, step.id, open ? seq : "ended"],
    ...PASSING,
    queryFn: ({ signal }) => readItemSummary(id, step.id, signal),
    placeholderData: keepPreviousData,
    staleTime: open ? 2_000 : Infinity,
  });
  if (!data) return null;
  const took = data.durations_ms;
  return (
    <div className={styles.summary}>
      {took ? (
        <p className={styles.took}>
          p50 {duration(took.p50)} · p95 {duration(took.p95)} · longest {duration(took.max)}
          {data.slowest[0] ? <> by {data.slowest.slice(0, 3).map(({ index }) => <button key={index} type="button" className={styles.link} onClick={() => select(step.id, index)}>[{index}]</button>)}</> : null}
        </p>
      ) : null}
      {data.errors.length ? (
        <ul aria-label="Errors by what they say">
          {data.errors.slice(0, 8).map((error) => (
            <li key={`${error.code} ${error.message}`} className={styles.error}>
              <span className={styles.times}>{grouped(error.count)}×</span>
              <span className={styles.lines} title={visible(error.message)}><b>{visible(ownCode(error.code))}</b> {visible(error.message)}</span>
              <span>{error.indexes.slice(0, 4).map((index) => <button key={index} type="button" className={styles.link} onClick={() => select(step.id, index)}>[{index}]</button>)}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function List({ step, phase, from, size }: { step: Step; phase: string | null; from: number; size: number }): ReactElement {
  const { id, state } = useRun();
  const select = useSelect();
  const scroll = useRef<HTMLDivElement>(null);
  const open = !step.status.ended;
  const seq = usePaced(state.seq, NEWS_MS);
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["items", id, step.id, phase, from, open ? seq : "ended"],
    ...PASSING,
    queryFn: ({ signal, pageParam }) => listItems(id, step.id, { limit: PAGE, ...(phase ? { phase } : {}), ...(pageParam ? { cursor: pageParam } : { from }) }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
  const found = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const rows = useVirtualizer({ count: found.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: 10 });
  const last = rows.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= found.length - 20) void fetchNextPage();
  }, [last, found.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Bars />;
  if (!found.length) return <Empty title={phase ? "No item is in this state now." : size ? "No item has begun." : "It was mapped over an empty list."} />;
  return (
    <div ref={scroll} className={styles.list} tabIndex={0} aria-label="Items" role="list">
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => {
          const item = found[row.index];
          return item ? <Row key={item.index} item={item} top={row.start} onSelect={() => select(step.id, item.index)} /> : null;
        })}
      </div>
    </div>
  );
}

function Row({ item, top, onSelect }: { item: Item; top: number; onSelect: () => void }): ReactElement {
  const status = item.phase === 3 && item.cache === 2 ? CACHED : attemptStatus(item.phase);
  return (
    <div role="listitem" className={styles.row} style={{ transform: `translateY(${top}px)` }}>
      <button type="button" className={styles.rowButton} title={item.error ? visible(item.error.message) : undefined} onClick={onSelect}>
        <Glyph status={status} />
        <span className={styles.index}>[{item.index}]</span>
        <span className={styles.said}>{item.error ? <><b>{visible(ownCode(item.error.code))}</b> {visible(item.error.message)}</> : <span className={styles.word}>{status.word}</span>}</span>
        <span className={styles.right}>{item.attempt > 0 ? `↻ ${item.attempt}  ` : ""}{item.started >= 0 && item.ended >= 0 ? duration(item.ended - item.started) : ""}</span>
      </button>
    </div>
  );
}
