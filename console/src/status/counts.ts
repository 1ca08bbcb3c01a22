/** Counts of states, in one order everywhere, and the sentence that says them. */
import { type Status, UNBEGUN, attemptStatus, nodeStatus } from "./status";
import { grouped } from "../text/numbers";

export interface Count {
  readonly status: Status;
  readonly count: number;
}

/** Those that there are, the worst first, then what is done, then what has not begun. */
export function counted(statuses: Iterable<Status>): Count[] {
  return joined(Array.from(statuses, (status) => ({ status, count: 1 })));
}

export function countsOfNodes(counts: readonly number[]): Count[] {
  return ofPhases(counts, (phase) => nodeStatus(phase));
}

/** Of an array: what is not counted has not begun. */
export function countsOfItems(size: number, counts: readonly number[]): Count[] {
  const begun = counts.reduce((sum, count) => sum + count, 0);
  return ofPhases([size - begun + (counts[0] ?? 0), ...counts.slice(1)], attemptStatus);
}

function ofPhases(counts: readonly number[], status: (phase: number) => Status): Count[] {
  return ordered(counts.map((count, phase) => ({ status: status(phase), count })).filter((each) => each.count > 0));
}

/** Several counts as one. */
export function joined(...all: readonly (readonly Count[])[]): Count[] {
  const byWord = new Map<string, { status: Status; count: number }>();
  for (const { status, count } of all.flat()) {
    const found = byWord.get(status.word);
    if (found) found.count += count;
    else byWord.set(status.word, { status, count });
  }
  return ordered([...byWord.values()]);
}

function ordered(counts: Count[]): Count[] {
  return counts.sort((a, b) => rank(b.status) - rank(a.status));
}

function rank(status: Status): number {
  return status === UNBEGUN ? -1 : status.weight;
}

/** `412 succeeded · 1 failed · 92 not begun` */
export function sentence(counts: readonly Count[]): string {
  return counts.map((each) => `${grouped(each.count)} ${each.status.word}`).join(" · ") || "no parts yet";
}
