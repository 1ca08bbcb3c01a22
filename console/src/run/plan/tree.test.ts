import { describe, expect, it } from "vitest";
import type { NodeTemplate, WorkflowClosure } from "../../api/idl";
import type { Run } from "../../api/runs";
import { quotient } from "../graph/quotient";
import { sceneOf } from "../graph/scene";
import type { NodeRow, RunState } from "../live/state";
import { planOf } from "./closure";
import { plannedTree } from "./planned";
import { treeOf, wayTo } from "./tree";
import { choicesOf, linesOf, textOf } from "./visible";

const id = (name: string) => ({ project: "p", domain: "d", name, version: "v" });
const task = (node: string, name: string): NodeTemplate => ({ id: node, metadata: { name }, task_node: { reference_id: id(name) } });
const BRANCH: NodeTemplate = {
  id: "n2",
  metadata: { name: "choose" },
  branch_node: { if_else: { case: { then_node: task("n2-n0", "large") }, else_node: task("n2-n1", "small") } },
};
const CLOSURE: WorkflowClosure = {
  primary: {
    template: { id: id("main"), nodes: [{ id: "start-node" }, { id: "end-node" }, task("n0", "flows.load"), { id: "n1", metadata: { name: "inner" }, workflow_node: { sub_workflow_ref: id("inner") } }, BRANCH], failure_node: task("fn0", "clean") },
    connections: { downstream: { "start-node": { ids: ["n0"] }, n0: { ids: ["n1"] }, n1: { ids: ["n2"] }, n2: { ids: ["end-node"] } } },
  },
  sub_workflows: [{ template: { id: id("inner"), nodes: Array.from({ length: 8 }, (_, at) => task(`n${at}`, "same")) } }],
};

function row(node: string, parent = "", phase = 3, spec = node): NodeRow {
  return { id: node, spec, parent, phase, created: 0, started: 1, ended: 2, tries: 1, cache: 0, flags: 0 };
}

function state(...rows: NodeRow[]): RunState {
  return { seq: 1, t0: 0, run: { phase: 2, ended_at: null } as unknown as Run, nodes: new Map(rows.map((each) => [each.id, each])), attempts: new Map(), children: {}, errors: {}, arrays: {}, signals: [], partial: false };
}

const plan = planOf(CLOSURE);
const tree = treeOf(state(row("n0"), row("n1"), row("n1-0-n0", "n1", 5, "n0"), row("n2"), row("n2-0-n2-n1", "n2", 3, "n2-n1")), plan, new Map());

describe("the tree of steps", () => {
  it("has what has begun, what is to come, and the failure handler at the end", () => {
    expect(tree.steps.map((step) => [step.name, step.status.word])).toEqual([["load", "succeeded"], ["inner", "succeeded"], ["choose", "succeeded"], ["clean", "not begun"]]);
    expect(tree.steps.at(-1)?.isFailureHandler).toBe(true);
  });

  it("knows what is inside, also what has not begun", () => {
    expect(tree.byId.get("n1")?.steps).toHaveLength(8);
    expect(tree.byId.get("n1-0-n0")?.status.word).toBe("failed");
    expect(tree.byId.get("n1-0-n7")?.status.word).toBe("not begun");
    expect(wayTo(tree, "n1-0-n0").map((step) => step.id)).toEqual(["n1", "n1-0-n0"]);
  });

  it("says which case was not taken", () => {
    expect(tree.byId.get("n2")?.steps.map((step) => [step.name, step.status.word])).toEqual([["large", "not taken"], ["small", "succeeded"]]);
    expect([...tree.byId.values()].filter((step) => step.status.word === "not taken")).toHaveLength(1);
  });

  it("shows rows that no template explains", () => {
    expect(treeOf(state(row("odd")), plan, new Map()).byId.get("odd")?.status.word).toBe("succeeded");
  });

  it("is known before any run", () => {
    expect(plannedTree(plan).byId.get("n1/n3")?.name).toBe("same");
  });
});

describe("the lines of a view", () => {
  const shown = (choices = "", text = "", tone = "") => linesOf(tree, choicesOf(choices), { text, tone }, state()).map((line) => line.step.id);

  it("open what is small, and what somebody opens", () => {
    expect(shown()).toContain("n1-0-n0");
    expect(shown("!n1")).not.toContain("n1-0-n0");
  });

  it("keep the choices in the address", () => {
    expect(textOf(choicesOf("n1,!n4"))).toBe("n1,!n4");
    expect(textOf(new Map())).toBeUndefined();
  });

  it("meet the filter, wherever they stand", () => {
    expect(shown("!n1", "", "broken")).toEqual(["n1-0-n0"]);
    expect(shown("", "LOAD")).toEqual(["n0"]);
    expect(shown("", "no such")).toEqual([]);
  });
});

describe("the graph", () => {
  it("stacks steps that are alike, and opens the stack", () => {
    const open = quotient(tree.steps, tree.scope, choicesOf("n1"));
    const inside = open.parts.find((part) => part.id === "n1")?.inside;
    expect(inside?.parts.map((part) => [part.kind, part.steps.length])).toEqual([["stack", 8]]);
    const unstacked = quotient(tree.steps, tree.scope, choicesOf("n1,stack:n1-0-n0"));
    expect(unstacked.parts.find((part) => part.id === "n1")?.inside?.parts).toHaveLength(8);
  });

  it("keeps what is inside of a group inside of its box", () => {
    const scene = sceneOf(quotient(tree.steps, tree.scope, choicesOf("n1,stack:n1-0-n0")));
    const box = scene.placed.find((each) => each.part.id === "n1");
    const inner = scene.placed.filter((each) => each.part.id.startsWith("n1-0-"));
    expect(inner).toHaveLength(8);
    for (const each of inner) {
      expect(each.x).toBeGreaterThanOrEqual(box?.x ?? Infinity);
      expect(each.x + each.width).toBeLessThanOrEqual((box?.x ?? 0) + (box?.width ?? 0));
      expect(each.y + each.height).toBeLessThanOrEqual((box?.y ?? 0) + (box?.height ?? 0));
    }
  });

  it("has the same places whatever the states are", () => {
    const other = treeOf(state(row("n0", "", 5), row("n1", "", 2), row("n1-0-n0", "n1", 2, "n0"), row("n2", "", 1), row("n2-0-n2-n1", "n2", 3, "n2-n1")), plan, new Map());
    const places = (of: typeof tree) => sceneOf(quotient(of.steps, of.scope, new Map())).placed.map(({ part, x, y }) => [part.id, x, y]);
    expect(places(other)).toEqual(places(tree));
  });
});
