import { describe, expect, it } from "vitest";
import type { Run } from "../api/runs";
import { jump } from "../shell/jump";
import { runSearch, runsSearch } from "../search";
import { launchedName, overview } from "./home/overview";
import { binned } from "./runs/bins";
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
    expect(chips({ phase: "failed" })).toEqual([{ key: "phase", label: "phase: failed" }]);
  });
});

describe("addresses", () => {
  it("keep what is known and drop the rest", () => {
    expect(runSearch({ view: "graph", sel: "n1", item: "7", tab: "nonsense", line: -1, x: 1 })).toEqual({ view: "graph", sel: "n1", item: 7 });
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
