/** The fires of schedules that are still to come. */
import type { ScheduleState } from "../../api/schedules";
import { instant } from "../../text/time";

export interface Fire {
  readonly name: string;
  /** Microseconds since the epoch. */
  readonly at: number;
}

/** The next of each schedule that goes on, the soonest first. One that waits for other runs has no time that is known. */
export function nextOf(schedules: readonly ScheduleState[]): Fire[] {
  return schedules
    .flatMap(({ name, state, next_at: next }) => {
      const at = state === "ACTIVE" && next ? instant(next) : null;
      return at === null ? [] : [{ name, at }];
    })
    .sort((a, b) => a.at - b.at);
}
