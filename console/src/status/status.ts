/** What a phase means to people: a class, which has a colour, a shape and a word. */

export type Tone = "idle" | "working" | "held" | "done" | "broken" | "stopped";
export type Shape =
  | "queued" | "unbegun" | "skipped" | "running" | "gate" | "waits" | "retry" | "asleep"
  | "succeeded" | "cached" | "recovered" | "failed" | "failing" | "timedOut" | "aborted" | "aborting";

export interface Status {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly word: string;
  readonly ended: boolean;
  /** How much one wants to see it among others: the worst wins. */
  readonly weight: number;
}

function status(tone: Tone, shape: Shape, word: string, weight: number, ended = false): Status {
  return { tone, shape, word, ended, weight };
}

export const UNBEGUN = status("idle", "unbegun", "not begun", 0);
const QUEUED = status("idle", "queued", "queued", 2);
export const RUNNING = status("working", "running", "running", 6);
const SUCCEEDED = status("done", "succeeded", "succeeded", 1, true);
export const NOT_TAKEN = status("idle", "skipped", "not taken", 0, true);
export const CACHED = status("done", "cached", "cached", 1, true);
const FAILING = status("broken", "failing", "failing", 8);
const FAILED = status("broken", "failed", "failed", 10, true);
const TIMED_OUT = status("broken", "timedOut", "timed out", 9, true);
const ABORTED = status("stopped", "aborted", "aborted", 5, true);
const ABORTING = status("stopped", "aborting", "aborting", 5);
const RETRIED = status("held", "retry", "failed, tried again", 4, true);
export const WAITS = status("held", "waits", "waiting", 7);
export const ASLEEP = status("held", "asleep", "asleep", 4);
export const GATE = status("held", "gate", "asks for an answer", 7);

const RUN: readonly Status[] = [
  UNBEGUN, QUEUED, RUNNING, status("working", "running", "succeeding", 6), SUCCEEDED, FAILING, FAILED, ABORTED,
  TIMED_OUT, ABORTING,
];
const NODE: readonly Status[] = [
  UNBEGUN, QUEUED, RUNNING, SUCCEEDED, FAILING, FAILED, ABORTED,
  status("idle", "skipped", "skipped", 1, true), TIMED_OUT, status("working", "running", "running its graph", 6),
  status("done", "recovered", "recovered", 1, true),
];
const ITEM: readonly Status[] = [
  UNBEGUN, QUEUED, RUNNING, SUCCEEDED, ABORTED, FAILED, status("idle", "queued", "starting", 3),
  status("held", "waits", "waits for resources", 7), RETRIED,
];

const CACHE_HIT = 2;

export const runStatus = (phase: number): Status => RUN[phase] ?? UNBEGUN;
export const attemptStatus = (phase: number): Status => ITEM[phase] ?? UNBEGUN;

export function nodeStatus(phase: number, cache = 0): Status {
  const found = NODE[phase] ?? UNBEGUN;
  return found === SUCCEEDED && cache === CACHE_HIT ? CACHED : found;
}

/** Of a byte as the platform tells the phases of an array: the highest bit marks what came from the cache. */
export function itemStatus(byte: number): Status {
  const found = ITEM[byte & 0x7f] ?? UNBEGUN;
  return found === SUCCEEDED && byte & 0x80 ? CACHED : found;
}

/** Of a run in a list whose questions are known by its name. */
export const listedStatus = (run: { name: string; phase: number }, questions: Readonly<Record<string, number>>): Status =>
  asking(runStatus(run.phase), (questions[run.name] ?? 0) > 0);

/** A run that runs and asks for an answer waits for people. */
export const asking = (status: Status, asks: boolean): Status => (asks && status === RUNNING ? GATE : status);

export const isOpenRun = (phase: number): boolean => !runStatus(phase).ended;
