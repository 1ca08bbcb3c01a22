/** Milliseconds after the run's beginning; they stand still when the run has ended. */
import { isOpenRun } from "../status/status";
import { useNow } from "../ui/clock";
import { useRun } from "./context";

export function useRunNow(): number {
  const { state } = useRun();
  const now = useNow();
  const { run } = state;
  return isOpenRun(run.phase) ? Math.max(0, (now - state.t0) / 1_000) : ((run.ended_at ?? run.created_at) - state.t0) / 1_000;
}
