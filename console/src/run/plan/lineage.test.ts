import { describe, expect, it } from "vitest";
import type { Binding, NodeTemplate } from "../../api/idl";
import { planOf } from "./closure";
import { type Flow, lineageOf, outputsOf } from "./lineage";
import { plannedTree } from "./planned";
import type { Step } from "./tree";

const promise = (name: string, node: string, variable = "o0"): Binding => ({ var: name, binding: { promise: { node_id: node, var: variable } } });
const node = (id: string, ...inputs: Binding[]): NodeTemplate => ({ id, metadata: { name: id }, inputs, task_node: { reference_id: { name: id } as never } });
const nodes: NodeTemplate[] = [
  node("load", promise("n", "start-node", "n")),
  node("sum", { var: "xs", binding: { collection: { bindings: [promise("", "load").binding ?? {}, { promise: { node_id: "load", var: "o1", attr_path: [{ string_value: "a" }, { int_value: 2 }] } }] } } }),
  { id: "size", branch_node: { if_else: { case: { then_node: node("large", promise("x", "sum")) }, else_node: node("small", promise("x", "sum")) } }, inputs: [promise("sum.o0", "sum")] },
  node("fixed", { var: "x", binding: { scalar: { none_type: {} } } }),
];
const outputs = [promise("total", "sum"), promise("same", "start-node", "n")];
const tree = plannedTree(planOf({ primary: { template: { id: {} as never, nodes, outputs } } }));
const step = (id: string): Step => tree.byId.get(id) as Step;
const told = (flows: readonly Flow[]): unknown => flows.map(({ name, places }) => [name, places.map((each) => `${each.step?.id ?? ""}:${each.name}`)]);

describe("lineage of a step", () => {
  it("tells where its inputs come from, also parts of values in lists", () => {
    expect(told(lineageOf(tree, step("load")).inputs)).toEqual([["n", [":n"]]]);
    expect(told(lineageOf(tree, step("sum")).inputs)).toEqual([["xs", ["load:o0", "load:o1.a[2]"]]]);
    expect(told(lineageOf(tree, step("fixed")).inputs)).toEqual([["x", []]]);
  });

  it("finds the source of what stands in a choice beside that choice", () => {
    expect(told(lineageOf(tree, step("size/large")).inputs)).toEqual([["x", ["sum:o0"]]]);
  });

  it("tells where its outputs go, to the graph's own outputs too", () => {
    expect(told(lineageOf(tree, step("load")).outputs)).toEqual([["o0", ["sum:xs"]], ["o1", ["sum:xs"]]]);
    expect(told(lineageOf(tree, step("sum")).outputs)).toEqual([["o0", ["size:sum.o0", "size/large:x", "size/small:x", ":total"]]]);
    expect(lineageOf(tree, step("fixed")).outputs).toEqual([]);
  });

  it("of the run's outputs leads to the steps that give them", () => {
    expect(told(outputsOf(tree))).toEqual([["total", ["sum:o0"]], ["same", [":n"]]]);
  });
});
