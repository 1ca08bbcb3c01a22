import { describe, expect, it } from "vitest";
import type { RetentionRule } from "../../api/retention";
import { goingIn, staysOf, subjectOf } from "./rules";

const rule = (more: Partial<RetentionRule>): RetentionRule => ({ name: "r", of: "runs", projects: [], domains: [], workflows: [], phases: [], keep_days: null, keep_last: 0, ...more });

describe("a rule of retention", () => {
  it("says which runs it is about", () => {
    expect(subjectOf(rule({}))).toBe("runs");
    expect(subjectOf(rule({ phases: ["FAILED", "TIMED_OUT"], workflows: ["etl_*"], domains: ["production"] }))).toBe("failed or timed out runs of etl_* in production");
    expect(subjectOf(rule({ projects: ["a", "b", "c"], domains: ["d"] }))).toBe("runs in a, b or c / d");
  });

  it("says what else it is about, and how long that stays", () => {
    const cache = rule({ of: "cache", domains: ["production"], keep_days: 90 });
    expect(`${subjectOf(cache)} ${staysOf(cache)}`).toBe("entries of the cache in production stay 90 days");
    expect(subjectOf(rule({ of: "moons" }))).toBe("moons");
  });

  it("says how long they stay", () => {
    expect(staysOf(rule({}))).toBe("stay for ever");
    expect(staysOf(rule({ keep_days: 0.5 }))).toBe("stay 0.5 days after their end");
    expect(staysOf(rule({ keep_days: 1, keep_last: 20 }))).toBe("stay 1 day after their end, and the newest 20 of each workflow");
    expect(staysOf(rule({ keep_last: 1_000 }))).toBe("stay if they are among the newest 1,000 of each workflow");
  });
});

it("a preview adds up what goes", () => {
  const goes = [{ rule: "a", runs: 2, objects: 0, bytes: 0 }, { rule: "b", runs: 3, objects: 0, bytes: 0 }];
  expect(goingIn({ goes, measured: 0, stays: [], unfinished: 0, by_age: [] })).toBe(5);
});
