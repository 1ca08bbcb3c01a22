/** Runs counted by when they began and how they ended. */
import type { Run } from "../../api/runs";
import { type Tone, runStatus } from "../../status/status";

export interface Bin {
  readonly total: number;
  readonly tones: Partial<Record<Tone, number>>;
}

/** The time of these bins from one place up to another, the last included: RFC 3339. */
export function spanOf(runs: readonly Run[], places: number, first: number, last: number): { from: string; to: string } {
  const times = runs.map((run) => run.created_at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const at = (place: number): number => (from + (Math.max(1, to - from) * place) / Math.max(1, places)) / 1_000;
  const end = last + 1 >= places ? to / 1_000 + 1 : at(last + 1);
  return { from: new Date(Math.floor(at(first))).toISOString(), to: new Date(Math.ceil(end)).toISOString() };
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
