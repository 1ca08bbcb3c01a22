/** The last runs of a workflow against its steps: a column a run, a row a step, so that one sees what fails since when. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactElement, useEffect, useMemo, useRef, useState } from "react";
import { readGrid } from "../../api/grid";
import type { WorkflowClosure } from "../../api/idl";
import type { Run } from "../../api/runs";
import { useRunsNews } from "../../live/useRunsNews";
import { nameOf, planOf } from "../../run/plan/closure";
import { usePlace } from "../../shell/place";
import { runStatus } from "../../status/status";
import { shortVersion, visible } from "../../text/names";
import { Button } from "../../ui/Button";
import { Bars, Empty, Problem } from "../../ui/State";
import { type Cells, type Row, cellsOf, changesOf, rowSaid, said, saidOfRun, statusOf } from "./cells";
import styles from "./EntityGrid.module.css";
import { CELL_PX, drawCells } from "./drawing";
import { useDrawn } from "../../ui/useDrawn";

const PAGE = 50;

export function EntityGrid({ name, closure }: { name: string; closure: WorkflowClosure }): ReactElement {
  const place = usePlace();
  const every = useRunsNews(place.project, place.domain);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["runs", place, "grid", name],
    queryFn: ({ signal, pageParam }) => readGrid(place, name, PAGE, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : every),
    placeholderData: keepPreviousData,
  });
  const cells = useMemo(() => (data ? cellsOf(data.pages) : null), [data]);
  const names = useMemo(() => namesIn(closure), [closure]);
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!cells) return <Bars />;
  if (!cells.runs.length) return <Empty title="It has not run here." />;
  return (
    <div className={styles.grid}>
      <Known cells={cells} names={names} />
      {hasNextPage ? <p className={styles.more}><Button onClick={() => void fetchNextPage()}>Older runs</Button></p> : null}
    </div>
  );
}

function namesIn(closure: WorkflowClosure): ReadonlyMap<string, string> {
  const { nodes, failure } = planOf(closure).top;
  return new Map([...nodes, ...(failure ? [failure] : [])].map((node) => [node.id, nameOf(node)]));
}

function Known({ cells, names }: { cells: Cells; names: ReadonlyMap<string, string> }): ReactElement {
  const [at, setAt] = useState(cells.runs.length - 1);
  const scroll = useRef<HTMLDivElement>(null);
  const count = cells.runs.length;
  // The newest runs are at the right, and are seen first.
  useEffect(() => void scroll.current?.scrollTo({ left: scroll.current.scrollWidth }), [count]);
  const run = cells.runs[Math.min(at, count - 1)];
  return (
    <>
      <p className={styles.said} aria-live="polite">{run ? <>{saidOfRun(run)}</> : null}</p>
      <div ref={scroll} className={styles.scroll} role="grid" aria-label="Runs and steps" aria-rowcount={cells.rows.length} aria-colcount={count}>
        <Heads runs={cells.runs} at={at} onPoint={setAt} />
        {cells.rows.map((row, place) => (
          <Line key={row.id} row={row} place={place} name={names.get(row.id) ?? row.id} cells={cells} at={at} onPoint={setAt} />
        ))}
      </div>
    </>
  );
}

/** How long each run took, and where another version begins. */
function Heads({ runs, at, onPoint }: { runs: readonly Run[]; at: number; onPoint: (at: number) => void }): ReactElement {
  const longest = Math.max(1, ...runs.map((run) => (run.ended_at ?? run.created_at) - run.created_at));
  const changes = changesOf(runs);
  return (
    <div className={styles.heads} role="row">
      <span className={styles.label} role="columnheader">Step</span>
      {runs.map((run, place) => (
        <span key={run.name} role="columnheader" className={`${styles.head} ${place === at ? styles.at : ""} ${runStatus(run.phase).tone}`} onPointerEnter={() => onPoint(place)}>
          <Link
            tabIndex={-1}
            to="/projects/$project/domains/$domain/executions/$name"
            params={{ project: run.project, domain: run.domain, name: run.name }}
            aria-label={saidOfRun(run)}
            title={saidOfRun(run)}
          >
            <span className={styles.took} style={{ height: `${run.ended_at === null ? 100 : Math.max(6, ((run.ended_at - run.created_at) / longest) * 100)}%` }} />
          </Link>
          <span className={styles.version} title={changes[place] ? `From here on version ${shortVersion(run.workflow.version)}` : undefined}>{changes[place] ? "▲" : ""}</span>
        </span>
      ))}
    </div>
  );
}

function Line({ row, place, name, cells, at, onPoint }: { row: Row; place: number; name: string; cells: Cells; at: number; onPoint: (at: number) => void }): ReactElement {
  const navigate = useNavigate();
  const { runs } = cells;
  const count = runs.length;
  const statuses = useMemo(() => row.cells.map(statusOf), [row]);
  const [canvas] = useDrawn(CELL_PX, (context) => drawCells(context, statuses, at), [statuses, at]);
  const open = (index: number): void => {
    const run = runs[index];
    if (run) void navigate({ to: "/projects/$project/domains/$domain/executions/$name", params: { project: run.project, domain: run.domain, name: run.name }, search: { sel: row.id } });
  };
  const under = (event: { clientX: number; currentTarget: HTMLElement }): number =>
    Math.max(0, Math.min(count - 1, Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / CELL_PX)));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const rows = event.currentTarget.closest('[role="grid"]')?.querySelectorAll<HTMLElement>("[data-cells]");
    if (event.key === "ArrowLeft") onPoint(Math.max(0, at - 1));
    else if (event.key === "ArrowRight") onPoint(Math.min(count - 1, at + 1));
    else if (event.key === "ArrowDown") rows?.[place + 1]?.focus();
    else if (event.key === "ArrowUp") rows?.[place - 1]?.focus();
    else if (event.key === "Enter") open(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.row} role="row">
      <span className={styles.label} role="rowheader" title={`${visible(name)} (${visible(row.id)}): ${rowSaid(row)}`}>{visible(name)}</span>
      <span
        role="gridcell"
        data-cells
        tabIndex={place ? -1 : 0}
        className={styles.cells}
        style={{ width: count * CELL_PX }}
        aria-label={said(runs[at], row.cells[at])}
        title={said(runs[at], row.cells[at])}
        onPointerMove={(event) => onPoint(under(event))}
        onClick={(event) => open(under(event))}
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvas} className={styles.canvas} />
      </span>
    </div>
  );
}
