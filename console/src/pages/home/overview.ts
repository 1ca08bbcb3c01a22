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

/** So many runs are looked at. */
export const NEWEST = 500;
const STRIP = 30;

/** The name of what was launched, if it is of this kind; the workflow of every run. */
export function launchedName(kind: "workflow" | "task" | "launch_plan"): (run: Run) => string {
  if (kind === "workflow") return (run) => run.workflow.name;
  return (run) => (run.launch_entity === kind ? run.launch_plan.name : "");
}

export function overview(runs: readonly Run[], nameOf = (run: Run): string => run.workflow.name): WorkflowOverview[] {
  const byName = new Map<string, Run[]>();
  for (const run of runs) {
    const found = byName.get(nameOf(run));
    if (found) found.push(run);
    else byName.set(nameOf(run), [run]);
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
