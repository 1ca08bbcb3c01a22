/** What a line of the timeline shows: one bar an attempt, each with the time that it waited before. Pure. */
import { type Status, attemptStatus } from "../../status/status";
import type { RunState } from "../live/state";
import type { Step } from "../plan/tree";
import type { Span } from "./scale";

export interface Bar extends Span {
  readonly status: Status;
  /** Where it began to wait; equal to `from` if it did not. */
  readonly queued: number;
  readonly isOpen: boolean;
}

export function barsOf(step: Step, state: RunState, now: number): Bar[] {
  const { row } = step;
  if (!row || row.created < 0) return [];
  const attempts = state.attempts.get(row.id) ?? [];
  const end = row.ended >= 0 ? row.ended : now;
  if (step.kind === "array" || attempts.length < 2) return [bar(step.status, row.created, row.started, row.ended, end)];
  return attempts.map((each, at) => {
    const last = at === attempts.length - 1;
    const status = last ? step.status : attemptStatus(each.phase);
    return bar(status, each.created, each.started, each.ended, last ? end : (attempts[at + 1]?.created ?? end));
  });
}

function bar(status: Status, created: number, started: number, ended: number, end: number): Bar {
  const to = ended >= 0 ? ended : end;
  return { status, queued: created, from: started >= 0 ? started : to, to, isOpen: ended < 0 };
}

/** The time of all bars, with some room at the end of a run that goes on. */
export function windowOf(state: RunState, now: number): Span {
  const { run } = state;
  const ended = run.ended_at === null ? now : (run.ended_at - state.t0) / 1_000;
  let to = Math.max(1, ended);
  for (const row of state.nodes.values()) to = Math.max(to, row.ended);
  return { from: 0, to };
}

/** The times in which a step of no other steps was under way. */
export function workOf(state: RunState, now: number): Span[] {
  return [...state.nodes.values()].filter((row) => row.started >= 0 && (row.flags & 1) === 0).map((row) => ({ from: row.started, to: row.ended >= 0 ? row.ended : now }));
}
