import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Run } from "../api/runs";
import { jump } from "../shell/jump";
import { runSearch, runsSearch } from "../search";
import { launchedName, overview } from "./home/overview";
import { binned, spanOf } from "./runs/bins";
import { chips, filtersOf, typed } from "./runs/filters";

const run = (name: string, phase: number, at = 0, took = 1): Run => ({ name, phase, created_at: at, ended_at: phase === 2 ? null : at + took, workflow: { name: "w" }, launch_plan: { name: "w" } }) as unknown as Run;

describe("filters", () => {
  it("become the platform's grammar", () => {
    expect(filtersOf({ phase: "timed out", workflow: "wine", q: "nightly" }, 0)).toBe("value_in(phase,TIMED_OUT)+contains(workflow.name,wine)+contains(name,nightly)");
    expect(filtersOf({ since: "1h" }, 7_200_000_000)).toBe("gte(created_at,1970-01-01T01:00:00.000Z)");
    expect(filtersOf({}, 0)).toBe("");
  });

  it("can't be broken out of", () => {
    expect(filtersOf({ q: "a)+eq(phase,FAILED" }, 0)).toBe("contains(name,aeqphaseFAILED)");
  });

  it("are read from what is typed, and shown as chips", () => {
    expect(typed("phase:failed workflow:wine since:24h night")).toEqual({ phase: "failed", workflow: "wine", since: "24h", q: "night" });
    expect(typed("since:never")).toEqual({ q: "since:never" });
    expect(typed("from:2026-11-29T17:00Z to:never")).toEqual({ from: "2026-11-29T17:00:00.000Z", q: "to:never" });
    expect(chips({ phase: "failed" }, "utc")).toEqual([{ keys: ["phase"], label: "phase: failed" }]);
  });

  it("hold for a time", () => {
    const span = { from: "2026-11-29T23:59:00.000Z", to: "2026-11-29T23:59:30.000Z" };
    expect(filtersOf(span, 0)).toBe("gte(created_at,2026-11-29T23:59:00.000Z)+lt(created_at,2026-11-29T23:59:30.000Z)");
    expect(chips(span, "utc")).toEqual([{ keys: ["from", "to"], label: "2026-11-29 23:59:00 to 23:59:30 UTC" }]);
    expect(chips({ ...span, to: "2026-11-30T00:00:00.000Z" }, "utc")[0]?.label).toBe("2026-11-29 23:59:00 to 2026-11-30 00:00:00 UTC");
    expect(chips({ from: span.from }, "utc")[0]?.label).toBe("from 2026-11-29 23:59:00 UTC");
  });
});

describe("addresses", () => {
  it("keep what is known and drop the rest", () => {
    expect(runSearch({ view: "graph", sel: "n1", item: "7", tab: "nonsense", line: -1, x: 1 })).toEqual({ view: "graph", sel: "n1", item: 7 });
    expect(runsSearch({ from: "yesterday", to: "2026-11-29T17:00Z" })).toEqual({ to: "2026-11-29T17:00:00.000Z" });
    expect(runsSearch({ archived: "true", q: 5 })).toEqual({ q: "5" });
  });

  it("are found in what is pasted", () => {
    const place = { project: "p", domain: "d" };
    expect(jump("http://host/console/projects/a/domains/b/executions/c?x=1", place)).toEqual({ project: "a", domain: "b", name: "c" });
    expect(jump("flyte://v1/a/b/c/n0/i", place)).toEqual({ project: "a", domain: "b", name: "c" });
    expect(jump("a/b/c", place)).toEqual({ project: "a", domain: "b", name: "c" });
    expect(jump("f1234567890", place)).toEqual({ project: "p", domain: "d", name: "f1234567890" });
    expect(jump("Not a name", place)).toBeNull();
  });
});

describe("the overview of workflows", () => {
  it("counts the failures since the last success", () => {
    const [found] = overview([run("r4", 2), run("r3", 6), run("r2", 6), run("r1", 4)]);
    expect(found?.failing.map((each) => each.name)).toEqual(["r3", "r2"]);
    expect(found?.runs.map((each) => each.name)).toEqual(["r1", "r2", "r3", "r4"]);
  });

  it("is told of launch plans and tasks by what was launched", () => {
    const launched = (name: string, launch_entity: Run["launch_entity"]): Run => ({ ...run(name, 4), launch_entity });
    const found = overview([launched("r2", "task"), launched("r1", "launch_plan")], launchedName("task"));
    expect(found.find((each) => each.name === "w")?.runs.map((each) => each.name)).toEqual(["r2"]);
  });

  it("is quiet where all is well", () => {
    expect(overview([run("r2", 4), run("r1", 6)])[0]?.failing).toEqual([]);
    expect(overview([])).toEqual([]);
  });
});

it("runs are binned by when they began", () => {
  const bins = binned([run("a", 4, 0), run("b", 6, 99), run("c", 6, 100)], 2);
  expect(bins.map((bin) => [bin.total, bin.tones.broken ?? 0])).toEqual([[1, 0], [2, 2]]);
});

it("the time of bins holds the runs that are counted in them", () => {
  fc.assert(fc.property(fc.array(fc.nat(10_000_000_000), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(39), (times, places, a, b) => {
    const runs = times.map((at, place) => run(`r${place}`, 4, at));
    const [first, last] = [Math.min(a, b, places - 1), Math.min(Math.max(a, b), places - 1)];
    const { from, to } = spanOf(runs, places, first, last);
    const inside = runs.filter((each) => each.created_at >= Date.parse(from) * 1_000 && each.created_at < Date.parse(to) * 1_000).length;
    const counted = binned(runs, places).slice(first, last + 1).reduce((total, bin) => total + bin.total, 0);
    expect(inside).toBeGreaterThanOrEqual(counted);
    if (first === 0 && last === places - 1) expect(inside).toBe(runs.length);
  }));
});
