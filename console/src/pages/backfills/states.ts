/** What the states of backfills and slots mean to people, and what can be done in each. Pure. */
import type { Backfill, BackfillState, Change, SlotState } from "../../api/backfills";
import { type Count, joined } from "../../status/counts";
import type { Status } from "../../status/status";
import { grouped } from "../../text/numbers";

const BACKFILLS: Readonly<Record<BackfillState, Status>> = {
  RUNNING: { tone: "working", shape: "running", word: "running", ended: false, weight: 6 },
  PAUSED: { tone: "held", shape: "gate", word: "paused", ended: false, weight: 7 },
  CANCELLING: { tone: "stopped", shape: "aborting", word: "being cancelled", ended: false, weight: 5 },
  SUCCEEDED: { tone: "done", shape: "succeeded", word: "succeeded", ended: true, weight: 1 },
  FAILED: { tone: "broken", shape: "failed", word: "failed", ended: true, weight: 10 },
  CANCELLED: { tone: "stopped", shape: "aborted", word: "cancelled", ended: true, weight: 5 },
};
const SLOTS: Readonly<Record<SlotState, Status>> = {
  FAILED: { tone: "broken", shape: "failed", word: "failed", ended: true, weight: 10 },
  RUNNING: { tone: "working", shape: "running", word: "running", ended: false, weight: 6 },
  WAITING: { tone: "idle", shape: "queued", word: "waiting", ended: false, weight: 0 },
  SUCCEEDED: { tone: "done", shape: "succeeded", word: "succeeded", ended: true, weight: 2 },
  THERE: { tone: "done", shape: "recovered", word: "there before", ended: true, weight: 1 },
};
export const SLOT_STATES = Object.keys(SLOTS) as readonly SlotState[];

export const backfillStatus = (state: BackfillState): Status => BACKFILLS[state];
export const slotStatus = (state: SlotState): Status => SLOTS[state];
export const stateOf = (status: Status): SlotState | undefined => SLOT_STATES.find((state) => SLOTS[state] === status);

export function countsOf({ slots }: Backfill): Count[] {
  return joined(SLOT_STATES.map((state) => ({ status: SLOTS[state], count: slots[state.toLowerCase() as Lowercase<SlotState>] })).filter((each) => each.count > 0));
}

/** How many slots there are, and how many need nothing any more. */
export function progressOf({ slots }: Backfill): { readonly done: number; readonly all: number } {
  const done = slots.succeeded + slots.failed + slots.there;
  return { done, all: done + slots.waiting + slots.running };
}

export function changesOf(state: BackfillState): readonly Change[] {
  if (state === "RUNNING") return ["pause", "cancel"];
  return state === "PAUSED" ? ["resume", "cancel"] : [];
}

/** `oldest first, 4 at once, stops after a failure` */
export function rulesOf({ order, at_once, reprocess, on_failure }: Backfill): string {
  const again = { none: "", failed: ", runs again what has failed", all: ", runs all again" }[reprocess];
  return `${order} first, ${grouped(at_once)} at once, ${on_failure === "stop" ? "stops after a failure" : "goes on after a failure"}${again}`;
}

/** A run that waits, or that could not be started, is not there. */
export function hasRun(state: SlotState, detail: string): boolean {
  return state !== "WAITING" && !(state === "FAILED" && detail);
}
