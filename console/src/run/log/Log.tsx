/** The log of one attempt: follows while it grows, is searched as a whole, and is copied byte by byte. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, CaseSensitive, ChevronDown, ChevronUp, Copy, Download, Regex, WrapText } from "lucide-react";
import { type ReactElement, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { type LogOf, logUrl } from "../../api/logs";
import { bytes } from "../../text/bytes";
import { grouped } from "../../text/numbers";
import { Button, IconButton } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { useStore } from "../../ui/store";
import styles from "./Log.module.css";
import { stylesBefore } from "./ansi";
import { LogLine } from "./LogLine";
import { LogReader } from "./reader";
import { type Found, find, isError } from "./search";
import { useCopying } from "./useCopying";
import { copy } from "../../ui/clipboard";

const LINE_PX = 18;

/** `line` is the number of one that is to be seen; without it a log opens at its end, or at its first error. */
export function Log({ of, isOpen, opensAtError, line, onLine }: {
  of: LogOf;
  isOpen: boolean;
  opensAtError: boolean;
  line: number | undefined;
  onLine: (line: number) => void;
}): ReactElement {
  const reader = useMemo(() => new LogReader(of), [of]);
  const open = useRef(isOpen);
  open.current = isOpen;
  useEffect(() => reader.start(() => open.current), [reader]);
  const state = useStore(reader.state);
  const { buffer } = reader;
  const scroll = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(!opensAtError && line === undefined);
  const [wraps, setWraps] = useState(false);
  const search = useSearch(reader, state.version);
  const onCopy = useCopying(buffer);
  const count = buffer.lineCount;
  const rows = useVirtualizer({ count, getScrollElement: () => scroll.current, estimateSize: () => LINE_PX, overscan: 30 });
  const current = search.found.lines[search.at] ?? (line === undefined || reader.hasEarlier ? undefined : line - 1);

  useEffect(() => {
    if (follows && count) rows.scrollToIndex(count - 1, { align: "end" });
  }, [follows, count, state.version, rows]);
  useEffect(() => {
    if (current !== undefined) rows.scrollToIndex(current, { align: "center" });
  }, [current, rows]);
  useLine(reader, line, state.loading, (at) => {
    setFollows(false);
    rows.scrollToIndex(at, { align: "center" });
  });
  useFirstError(opensAtError && line === undefined, state.loading, () => rows.scrollToIndex(firstError(reader) ?? count - 1, { align: "center" }));

  if (state.error) return <Problem error={state.error} />;
  if (state.loading) return <Bars />;
  if (!count) return <Empty title={state.ended ? "It printed nothing." : "It has printed nothing yet."} />;
  const seen = rows.getVirtualItems();
  const begins = stylesBefore((at) => buffer.line(at), seen[0]?.index ?? 0, seen.length);
  return (
    <div
      className={styles.log}
      data-log
      onKeyDown={(event) => {
        const typed = event.target instanceof HTMLInputElement;
        if ((event.ctrlKey || event.metaKey) && event.key === "f" && document.activeElement !== search.field.current) search.field.current?.focus();
        else if (typed || event.ctrlKey || event.metaKey) return;
        else if (event.key === "/") search.field.current?.focus();
        else if (event.key === "n") search.go(1);
        else if (event.key === "N") search.go(-1);
        else if (event.key === "f") setFollows(true);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <div className={styles.tools}>
        <SearchField search={search} />
        <IconButton label="Follow the end (f)" aria-pressed={follows} onClick={() => setFollows(!follows)}><ArrowDownToLine size={14} /></IconButton>
        <IconButton label="Wrap lines" aria-pressed={wraps} onClick={() => setWraps(!wraps)}><WrapText size={14} /></IconButton>
        <IconButton label="Copy all" onClick={() => void reader.earlier(true).then(() => copy(buffer.text()))}><Copy size={14} /></IconButton>
        <a className={styles.download} href={logUrl(of)} download={`${of.run.name}-${of.node}-${of.attempt}.log`} aria-label="Download" title="Download"><Download size={14} /></a>
      </div>
      {reader.hasEarlier ? <p className={styles.earlier}>{bytes(buffer.offset)} before this. <Button small look="quiet" onClick={() => void reader.earlier()}>Earlier lines</Button></p> : null}
      <div
        ref={scroll}
        className={`${styles.lines} ${wraps ? styles.wraps : ""}`}
        tabIndex={0}
        role="log"
        aria-label={`Log, ${grouped(count)} lines`}
        aria-live="off"
        onCopy={onCopy}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          const isAtEnd = scrollTop + clientHeight >= scrollHeight - LINE_PX * 1.5;
          if (isAtEnd !== follows) setFollows(isAtEnd);
        }}
      >
        <div className={styles.all} style={{ height: rows.getTotalSize() }}>
          <div className={styles.window} style={{ transform: `translateY(${seen[0]?.start ?? 0}px)` }}>
            {seen.map((row, place) => (
              <LogLine
                key={row.index}
                ref={wraps ? rows.measureElement : undefined}
                index={row.index}
                number={reader.hasEarlier ? null : row.index + 1}
                text={buffer.line(row.index)}
                hue={begins[place]?.hue ?? null}
                bold={begins[place]?.bold ?? false}
                pattern={search.found.pattern}
                isCurrent={row.index === current}
                onLine={onLine}
              />
            ))}
          </div>
        </div>
      </div>
      <p className={styles.foot}>
        {grouped(count)} lines · {bytes(state.size)}{state.ended ? "" : " · goes on"}
        {follows || state.ended ? null : <Button small look="quiet" onClick={() => setFollows(true)}>↓ to the end</Button>}
      </p>
    </div>
  );
}

function firstError(reader: LogReader): number | undefined {
  for (let at = 0; at < reader.buffer.lineCount; at += 1) if (isError(reader.buffer.line(at))) return at;
  return undefined;
}

function useFirstError(wanted: boolean, loading: boolean, go: () => void): void {
  const gone = useRef(false);
  const act = useEffectEvent(go);
  useEffect(() => {
    if (!wanted || loading || gone.current) return;
    gone.current = true;
    act();
  }, [wanted, loading]);
}

/** Shows a line by its number, for which all that stands before it has to be read. */
function useLine(reader: LogReader, line: number | undefined, loading: boolean, go: (at: number) => void): void {
  const show = useEffectEvent(go);
  const { hasEarlier } = reader;
  useEffect(() => {
    if (line === undefined || loading) return;
    if (hasEarlier) void reader.earlier(true);
    else show(line - 1);
  }, [reader, line, loading, hasEarlier]);
}

interface Searching {
  readonly text: string;
  readonly isRegex: boolean;
  readonly minds: boolean;
  readonly found: Found;
  readonly at: number;
  readonly field: React.RefObject<HTMLInputElement | null>;
  set(part: { text?: string; isRegex?: boolean; minds?: boolean }): void;
  go(by: 1 | -1): void;
}

function useSearch(reader: LogReader, version: number): Searching {
  const [asked, setAsked] = useState({ text: "", isRegex: false, minds: false });
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const wants = asked.text !== "";
  useEffect(() => {
    if (wants && reader.hasEarlier) void reader.earlier(true);
  }, [wants, reader]);
  // oxlint-disable-next-line react/exhaustive-deps
  const found = useMemo(() => find(reader.buffer, asked.text, asked.isRegex, asked.minds), [reader, version, asked]);
  const count = found.lines.length;
  return {
    ...asked,
    found,
    at: count ? Math.min(at, count - 1) : -1,
    field,
    set(part) {
      setAsked((now) => ({ ...now, ...part }));
      setAt(0);
    },
    go: (by) => setAt((now) => (count ? (now + by + count) % count : 0)),
  };
}

function SearchField({ search }: { search: Searching }): ReactElement {
  const count = search.found.lines.length;
  return (
    <span className={styles.search} role="search">
      <input
        ref={search.field}
        type="search"
        value={search.text}
        placeholder="/ search"
        aria-label="Search the log"
        aria-invalid={search.found.problem !== ""}
        title={search.found.problem || undefined}
        onChange={(event) => search.set({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Enter") search.go(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            search.set({ text: "" });
            event.currentTarget.blur();
          }
        }}
      />
      {search.text ? <span className={styles.matches} aria-live="polite">{search.found.problem ? "not a pattern" : count ? `${search.at + 1} of ${grouped(count)}` : "no match"}</span> : null}
      {count > 1 ? (
        <>
          <IconButton label="Previous match (N)" onClick={() => search.go(-1)}><ChevronUp size={14} /></IconButton>
          <IconButton label="Next match (n)" onClick={() => search.go(1)}><ChevronDown size={14} /></IconButton>
        </>
      ) : null}
      <IconButton label="Mind upper and lower case" aria-pressed={search.minds} onClick={() => search.set({ minds: !search.minds })}><CaseSensitive size={15} /></IconButton>
      <IconButton label="Search by a regular expression" aria-pressed={search.isRegex} onClick={() => search.set({ isRegex: !search.isRegex })}><Regex size={13} /></IconButton>
    </span>
  );
}
