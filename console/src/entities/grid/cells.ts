/** Pages of a grid as one, the oldest run first, and what its cells say. Pure. */
import type { Grid } from "../../api/grid";
import type { Run } from "../../api/runs";
import { counted, sentence } from "../../status/counts";
import { type Status, nodeStatus, runStatus } from "../../status/status";
import { shortVersion, visible } from "../../text/names";
import { duration } from "../../text/time";

export interface Cell {
  readonly phase: number;
  /** Milliseconds; -1 if not known. */
  readonly ms: number;
}

export interface Row {
  readonly id: string;
  /** By run; null where the run has no such node. */
  readonly cells: readonly (Cell | null)[];
}

export interface Cells {
  readonly runs: readonly Run[];
  readonly rows: readonly Row[];
}

export function cellsOf(pages: readonly Grid[]): Cells {
  const runs = pages.flatMap((page) => page.runs);
  const ids = [...new Set(pages.flatMap((page) => page.nodes))];
  const rows = ids.map((id) => ({ id, cells: pages.flatMap((page) => ofPage(page, page.nodes.indexOf(id))).reverse() }));
  return { runs: [...runs].reverse(), rows };
}

function ofPage(page: Grid, node: number): (Cell | null)[] {
  return page.runs.map((_, run) => {
    const phase = page.phase[run]?.[node] ?? 0;
    return phase ? { phase, ms: page.ms[run]?.[node] ?? -1 } : null;
  });
}

export const statusOf = (cell: Cell | null | undefined): Status | null => (cell ? nodeStatus(cell.phase) : null);

/** Where another version ran than in the run before. */
export function changesOf(runs: readonly Run[]): boolean[] {
  return runs.map((run, at) => at > 0 && runs[at - 1]?.workflow.version !== run.workflow.version);
}

export function said(run: Run | undefined, cell: Cell | null | undefined): string {
  if (!run) return "";
  const status = statusOf(cell);
  return `${visible(run.name)}: ${status ? `${status.word}${cell && cell.ms >= 0 ? ` after ${duration(cell.ms)}` : ""}` : "did not begin"}`;
}

export function saidOfRun(run: Run): string {
  const status = runStatus(run.phase);
  const took = run.ended_at === null ? "" : ` after ${duration((run.ended_at - run.created_at) / 1_000)}`;
  return `${visible(run.name)} @${visible(shortVersion(run.workflow.version))}: ${status.word}${took}`;
}

/** `28 succeeded · 2 failed`: what a row is called. */
export function rowSaid(row: Row): string {
  return sentence(counted(row.cells.flatMap((cell) => statusOf(cell) ?? [])));
}
