/** The first rows of a table that is kept as a file, read when they are asked for. */
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { plural, visible } from "../text/names";
import { grouped } from "../text/numbers";
import { Button } from "../ui/Button";
import { Bars, Problem } from "../ui/State";
import type { Frame } from "./parquet";
import { readFrame } from "./parquet";
import styles from "./Rows.module.css";

export function Rows({ uri, isFolder }: { uri: string; isFolder: boolean }): ReactElement {
  const [open, setOpen] = useState(false);
  const { data, error, refetch } = useQuery({ queryKey: ["frame", uri], queryFn: ({ signal }) => readFrame(uri, isFolder, signal), enabled: open, retry: false, staleTime: Infinity });
  return (
    <>
      <Button small look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide its rows" : "Show its rows"}</Button>
      {!open ? null : error ? <Problem error={error} onRetry={() => void refetch()} /> : data ? <Shown frame={data} /> : <Bars rows={4} />}
    </>
  );
}

export function Shown({ frame: { columns, others, rows, why, cells } }: { frame: Frame }): ReactElement {
  return (
    <div className={styles.frame}>
      <p className={styles.said}>
        {plural(rows, "row")}, {plural(columns.length + others, "column")}{cells.length && cells.length < rows ? `; the first ${grouped(cells.length)} rows` : ""}{others ? `; ${grouped(others)} columns are left out` : ""}. {why}
      </p>
      <div className={styles.scroll} role="region" aria-label="First rows" tabIndex={0}>
        <table>
          <thead>
            <tr><th scope="col">#</th>{columns.map(({ name, type }, at) => <th key={at} scope="col">{visible(name)} <span className={styles.type}>{visible(type)}</span></th>)}</tr>
          </thead>
          <tbody>
            {cells.map((row, at) => <tr key={at}><th scope="row">{at}</th>{row.map((text, place) => <td key={place}>{text === null ? <span className={styles.none}>none</span> : visible(text)}</td>)}</tr>)}
          </tbody>
        </table>
      </div>
    </div>
  );
}
