/** How long a step took: from the start of its first attempt to its end, the same in all views. Pure. */
import type { NodeRow, RunState } from "./live/state";

/** Milliseconds; null if it has not begun or has not ended. */
export function tookOf(row: NodeRow | null, attempts: RunState["attempts"]): number | null {
  if (!row || row.started < 0 || row.ended < 0) return null;
  const starts = (attempts.get(row.id) ?? []).map((each) => each.started).filter((at) => at >= 0);
  return row.ended - Math.min(row.started, ...starts);
}
