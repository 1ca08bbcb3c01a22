/** How long a step waits by itself: a pause until its end, a question until its time is over. Pure. */
import { duration } from "../../text/time";
import type { Step } from "./tree";

/** Milliseconds after the run's `t0`; null if it does not wait, or for ever. */
export function dueOf({ row, status, template }: Step): number | null {
  if (!row || status.ended || row.started < 0) return null;
  const gate = template?.gate_node;
  const seconds = Number.parseFloat((gate?.sleep ? gate.sleep.duration : gate ? template?.metadata?.timeout : "") ?? "");
  return seconds > 0 ? row.started + seconds * 1_000 : null;
}

/** The time that is left, as it is told; empty if it waits for no time. */
export function leftOf(step: Step, now: number): string {
  const due = dueOf(step);
  if (due === null) return "";
  const seconds = Math.floor(Math.max(0, due - now) / 1_000);
  const left = seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
  return step.template?.gate_node?.sleep ? `goes on in ${left}` : `${left} left for an answer`;
}
