/** Runs counted by when they began and how they ended. */
import type { Run } from "../../api/runs";
import { type Tone, runStatus } from "../../status/status";

export interface Bin {
  readonly total: number;
  readonly tones: Partial<Record<Tone, number>>;
}

/** As many bins as there are places, from the oldest run to the newest. */
export function binned(runs: readonly Run[], places: number): Bin[] {
  const count = Math.max(1, places);
  const times = runs.map((run) => run.created_at);
  const from = Math.min(...times);
  const span = Math.max(1, Math.max(...times) - from);
  const bins: { total: number; tones: Partial<Record<Tone, number>> }[] = Array.from({ length: count }, () => ({ total: 0, tones: {} }));
  for (const run of runs) {
    const bin = bins[Math.min(count - 1, Math.floor(((run.created_at - from) / span) * count))];
    if (!bin) continue;
    const { tone } = runStatus(run.phase);
    bin.total += 1;
    bin.tones[tone] = (bin.tones[tone] ?? 0) + 1;
  }
  return bins;
}
