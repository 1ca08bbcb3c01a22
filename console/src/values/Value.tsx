/** A value on the page, by its kind; long ones open by parts. */
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import type { Json, Literal } from "../api/idl";
import { plural, visible } from "../text/names";
import { grouped } from "../text/numbers";
import { absolute, ago, duration, instant } from "../text/time";
import { Button } from "../ui/Button";
import { serverNow, zone } from "../ui/clock";
import { CopyButton } from "../ui/Copy";
import { useStore } from "../ui/store";
import { linkTo } from "./objects";
import { Rows } from "./Rows";
import { shown } from "./shown";
import styles from "./Value.module.css";

const FIRST = 20;
const MORE = 200;
const LONG_TEXT = 600;

export function Value({ literal }: { literal: Literal }): ReactElement {
  const value = shown(literal);
  switch (value.kind) {
    case "none": return <span className={styles.none}>none</span>;
    case "text": return <Text type={value.type} text={value.text} />;
    case "json": return <Tree value={value.value} />;
    case "list": return <Parts count={value.parts.length} what="value" part={(at) => ({ name: String(at), value: value.parts[at] ? <Value literal={value.parts[at]} /> : null })} />;
    case "map": return <Parts count={value.parts.length} what="entry" many="entries" part={(at) => ({ name: value.parts[at]?.[0] ?? "", value: value.parts[at] ? <Value literal={value.parts[at][1]} /> : null })} />;
    case "object": return <Stored what={value.what} uri={value.uri} note={value.note} />;
  }
}

function Text({ type, text }: { type: string; text: string }): ReactElement {
  const shownZone = useStore(zone);
  const [all, setAll] = useState(false);
  const at = type === "datetime" ? instant(text) : null;
  if (at !== null) return <span className={styles.mono}>{absolute(at, shownZone)} <span className={styles.note}>{ago(at, serverNow())}</span></span>;
  if (type === "timedelta") return <span className={styles.mono}>{duration(Number.parseFloat(text) * 1_000) || "0 s"} <span className={styles.note}>{text}</span></span>;
  if (type === "str" && text === "") return <span className={styles.none}>empty text</span>;
  const isLong = text.length > LONG_TEXT && !all;
  return (
    <span className={`${styles.mono} ${type === "str" ? styles.str : ""}`}>
      {visible(isLong ? text.slice(0, LONG_TEXT) : text)}
      {isLong ? <Button small look="quiet" onClick={() => setAll(true)}>all {grouped(text.length)} characters</Button> : null}
    </span>
  );
}

function Parts({ count, what, many, part }: { count: number; what: string; many?: string; part: (at: number) => { name: string; value: ReactElement | null } }): ReactElement {
  const [limit, setLimit] = useState(FIRST);
  if (!count) return <span className={styles.none}>no {many ?? `${what}s`}</span>;
  const rows = Array.from({ length: Math.min(limit, count) }, (_, at) => part(at));
  return (
    <details className={styles.parts} open={count <= FIRST}>
      <summary>{plural(count, what, many)}</summary>
      <dl>
        {rows.map(({ name, value }, at) => <div key={at} className={styles.part}><dt>{visible(name)}</dt><dd>{value}</dd></div>)}
      </dl>
      {count > limit ? <Button small look="quiet" onClick={() => setLimit(limit + MORE)}>{Math.min(MORE, count - limit)} more of {grouped(count)}</Button> : null}
    </details>
  );
}

function Tree({ value }: { value: Json }): ReactElement {
  if (Array.isArray(value)) return <Parts count={value.length} what="value" part={(at) => ({ name: String(at), value: <Tree value={value[at] as Json} /> })} />;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value as Record<string, Json>);
    return <Parts count={entries.length} what="field" part={(at) => ({ name: entries[at]?.[0] ?? "", value: <Tree value={entries[at]?.[1] ?? null} /> })} />;
  }
  if (value === null) return <span className={styles.none}>none</span>;
  return <Text type={typeof value === "string" ? "str" : "number"} text={String(value)} />;
}

/** A file, which the platform can hand out if it is one of its own objects. */
function Stored({ what, uri, note }: { what: string; uri: string; note: string }): ReactElement {
  const name = uri.slice(uri.lastIndexOf("/") + 1);
  const { data: url, refetch, isFetching, error } = useQuery({
    queryKey: ["download", uri],
    queryFn: ({ signal }) => linkTo(uri, signal),
    enabled: what === "file",
    retry: false,
    staleTime: 20 * 60_000,
  });
  const isTable = what === "dataset" || what === "schema" ? !note || note === "parquet" : what === "file" && (note === "parquet" || /\.(parquet|pq)$/.test(name));
  return (
    <span className={styles.stored}>
      <span className={styles.note}>{what}{note ? ` (${visible(note)})` : ""}</span>
      {url ? <a href={url} download={name}>{visible(name)}</a> : <span className={styles.mono} title={visible(uri)}>{visible(name || uri)}</span>}
      <CopyButton text={uri} label="Copy the address" />
      {isTable ? <Rows uri={uri} isFolder={what !== "file"} /> : null}
      {error && what === "file" ? <Button small look="quiet" disabled={isFetching} onClick={() => void refetch()}>Try the link again</Button> : null}
    </span>
  );
}
