/** What the newest runs say of each workflow: its last outcomes, how long it takes, since when it fails. */
import type { Run } from "../../api/runs";
import { isOpenRun, runStatus } from "../../status/status";

export interface WorkflowOverview {
  readonly name: string;
  /** The oldest first, as one reads. */
  readonly runs: readonly Run[];
  readonly p50: number | null;
  readonly p95: number | null;
  /** The failures since the last success, the newest first. */
  readonly failing: readonly Run[];
}

const STRIP = 30;

export function overview(runs: readonly Run[]): WorkflowOverview[] {
  const byName = new Map<string, Run[]>();
  for (const run of runs) {
    const found = byName.get(run.workflow.name);
    if (found) found.push(run);
    else byName.set(run.workflow.name, [run]);
  }
  return [...byName].map(([name, newestFirst]) => ofWorkflow(name, newestFirst));
}

function ofWorkflow(name: string, newestFirst: readonly Run[]): WorkflowOverview {
  const ended = newestFirst.filter((run) => !isOpenRun(run.phase));
  const good = ended.filter((run) => runStatus(run.phase).tone === "done").map(took).sort((a, b) => a - b);
  const lastGood = ended.findIndex((run) => runStatus(run.phase).tone !== "broken");
  const failing = lastGood < 0 ? ended : ended.slice(0, lastGood);
  return { name, runs: newestFirst.slice(0, STRIP).reverse(), p50: percentile(good, 0.5), p95: percentile(good, 0.95), failing };
}

/** Milliseconds. */
export function took(run: Run): number {
  return run.ended_at === null ? 0 : (run.ended_at - run.created_at) / 1_000;
}

/** Of sorted values. */
export function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
