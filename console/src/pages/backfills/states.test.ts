import { describe, expect, it } from "vitest";
import type { Backfill } from "../../api/backfills";
import { sentence } from "../../status/counts";
import { backfillStatus, changesOf, countsOf, hasRun, progressOf, rulesOf, SLOT_STATES, slotStatus, stateOf } from "./states";

const backfill = (more: Partial<Backfill>): Backfill => ({ order: "oldest", at_once: 1, reprocess: "none", on_failure: "stop", slots: { waiting: 0, running: 0, succeeded: 0, failed: 0, there: 0 }, ...more }) as Backfill;

describe("a backfill", () => {
  it("counts its slots, the worst first, those that wait last", () => {
    const slots = { waiting: 5, running: 1, succeeded: 2, failed: 1, there: 3 };
    expect(sentence(countsOf(backfill({ slots })))).toBe("1 failed · 1 running · 2 succeeded · 3 there before · 5 waiting");
    expect(progressOf(backfill({ slots }))).toEqual({ done: 6, all: 12 });
    expect(countsOf(backfill({}))).toEqual([]);
  });

  it("can be changed until it has ended or ends", () => {
    const states = ["RUNNING", "PAUSED", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED"] as const;
    expect(states.map((state) => changesOf(state).join())).toEqual(["pause,cancel", "resume,cancel", "", "", "", ""]);
    expect(states.filter((state) => backfillStatus(state).ended)).toEqual(["SUCCEEDED", "FAILED", "CANCELLED"]);
  });

  it("says its rules", () => {
    expect(rulesOf(backfill({}))).toBe("oldest first, 1 at once, stops after a failure");
    expect(rulesOf(backfill({ order: "newest", at_once: 4, reprocess: "failed", on_failure: "continue" }))).toBe("newest first, 4 at once, goes on after a failure, runs again what has failed");
  });
});

describe("a slot", () => {
  it("has a state for each that is shown", () => {
    expect(SLOT_STATES.map((state) => stateOf(slotStatus(state)))).toEqual(SLOT_STATES);
  });

  it("has a run once one was started", () => {
    expect(hasRun("WAITING", "")).toBe(false);
    expect(hasRun("FAILED", "LaunchPlanNotFound: …")).toBe(false);
    expect(["RUNNING", "SUCCEEDED", "FAILED", "THERE"].every((state) => hasRun(state as "RUNNING", ""))).toBe(true);
  });
});
