import { describe, expect, it } from "vitest";
import type { Comparison, NodePairs } from "../../api/compare";
import type { Run } from "../../api/runs";
import { NO_PLAN } from "../../run/plan/closure";
import { signed, stepPairs, summary } from "./differences";
import { namesOf, unexplained } from "./names";

const NODES: NodePairs = {
  id: ["n0", "n1", "n1-0-n0", "n2", "n3"],
  spec: ["", "", "n0", "", ""],
  parent: ["", "", "n1", "", ""],
  a_phase: [3, 3, 3, 3, 0],
  b_phase: [3, 3, 5, 3, 3],
  a_ms: [1_000, 10_000, 5, 100, -1],
  b_ms: [1_150, 14_000, 6, 900, 7],
  a_cache: [0, 0, 0, 0, 0],
  b_cache: [0, 0, 0, 0, 0],
};
const itself = (id: string): string => id;

function told(parts: Partial<Comparison>): Comparison {
  const run = { workflow: { version: "1" } } as Run;
  return { a: run, b: run, inputs: [], outputs: [], settings: [], nodes: NODES, partial: false, ...parts };
}

describe("steps of two runs", () => {
  const steps = stepPairs(NODES, itself);

  it("differ by state, or by a time that is more than noise", () => {
    expect(steps.map((step) => step.differs)).toEqual([false, true, true, true, true]);
  });

  it("say how much longer the second took, where both are known", () => {
    expect(steps.map((step) => step.delta)).toEqual([150, 4_000, 1, 800, null]);
    expect([signed(4_000), signed(-90), signed(0)]).toEqual(["+4.0 s", "−90 ms", "±0"]);
  });

  it("stand below the step that they are in", () => {
    expect(steps.map((step) => step.depth)).toEqual([0, 0, 1, 0, 0]);
  });

  it("that are new have no other side", () => {
    expect([steps[4]?.a, steps[4]?.b?.status.word]).toEqual([null, "succeeded"]);
  });
});

describe("the sentence", () => {
  const pair = (same: boolean): { name: string; a: string; b: string; same: boolean } => ({ name: "x", a: "1", b: "2", same });

  it.each([
    [told({}), [], "Nothing differs"],
    [told({ inputs: [pair(false), pair(true)] }), [], "1 input differs"],
    [told({ inputs: [pair(false), pair(false)] }), [], "2 inputs differ"],
    [told({ b: { workflow: { version: "2" } } as Run, outputs: [pair(false)] }), [], "another version, 1 output differ"],
    [told({}), stepPairs(NODES, itself), "4 steps differ"],
  ] as const)("counts what differs", (comparison, steps, text) => expect(summary(comparison, steps)).toBe(text));
});

describe("names of nodes", () => {
  it("are those of the graph, else their ids", () => {
    const inner = { id: "n0", metadata: { name: "pkg.inner_task" } };
    const outer = { id: "n1", metadata: { name: "pkg.outer" } };
    const top = { nodes: [outer], failure: undefined, edges: [] };
    const plan = { top, inside: () => ({ nodes: [inner], failure: undefined, edges: [] }) };
    expect(NODES.id.map(namesOf(NODES, plan, new Map()))).toEqual(["n0", "outer", "inner_task", "n2", "n3"]);
    expect(NODES.id.map(namesOf(NODES, NO_PLAN, new Map()))).toEqual(NODES.id);
    expect(unexplained(NODES, plan, new Map())).toEqual([]);
  });

  it("inside a dynamic step are those of the graph that it has made", () => {
    const dynamic = { id: "n1", metadata: { name: "pkg.dynamic" }, task_node: { reference_id: { project: "p", domain: "d", name: "dynamic", version: "1" } } };
    const nothing = { nodes: [], failure: undefined, edges: [] };
    const plan = { top: { ...nothing, nodes: [dynamic] }, inside: () => nothing };
    const made = { top: { ...nothing, nodes: [{ id: "n0", metadata: { name: "pkg.made" } }] }, inside: () => nothing };
    expect(unexplained(NODES, plan, new Map())).toEqual(["n1"]);
    expect(unexplained(NODES, plan, new Map([["n1", made]]))).toEqual([]);
    expect(namesOf(NODES, plan, new Map([["n1", made]]))("n1-0-n0")).toBe("made");
    expect(namesOf(NODES, plan, new Map())("n1-0-n0")).toBe("n1-0-n0");
  });
});
