/** Where the inputs of a step come from, and where its outputs go, by the graph that it stands in. Pure. */
import type { Binding, BindingData, NodeTemplate } from "../../api/idl";
import type { Scope } from "./closure";
import type { Step, Tree } from "./tree";

/** An end of a value's way. */
export interface Place {
  /** Null for the graph around: its inputs, or its outputs. */
  readonly step: Step | null;
  /** The input or output there, with the way into it: `o0`, `pair.first`. */
  readonly name: string;
}

export interface Flow {
  /** The input or output of the step. */
  readonly name: string;
  /** Empty for an input that is written into the graph, and for an output that nobody takes. */
  readonly places: readonly Place[];
}

export interface Lineage {
  readonly inputs: readonly Flow[];
  readonly outputs: readonly Flow[];
}

export function lineageOf(tree: Tree, step: Step): Lineage {
  const { template } = step;
  if (!template) return { inputs: [], outputs: [] };
  return {
    inputs: (template.inputs ?? []).map(({ var: name, binding }) => ({ name, places: promisesOf(binding).map((each) => sourceOf(tree, step, each)) })),
    outputs: flowsOf(tree, step, template),
  };
}

/** Where the outputs of the run's graph come from. */
export function outputsOf(tree: Tree): readonly Flow[] {
  return (tree.scope.outputs ?? []).map(({ var: name, binding }) => ({
    name,
    places: promisesOf(binding).map((each) => ({ step: tree.steps.find((sibling) => sibling.template?.id === each.node) ?? null, name: each.name })),
  }));
}

interface Promised {
  /** Empty for the inputs of the graph. */
  readonly node: string;
  readonly variable: string;
  readonly name: string;
}

function promisesOf(data: BindingData | undefined): Promised[] {
  if (!data) return [];
  if (data.promise) {
    const { node_id: node = "", var: variable = "", attr_path: path = [] } = data.promise;
    const way = path.map((part) => (part.string_value === undefined ? `[${part.int_value ?? 0}]` : `.${part.string_value}`)).join("");
    return [{ node: node === "start-node" ? "" : node, variable, name: `${variable}${way}` }];
  }
  return [...(data.collection?.bindings ?? []), ...Object.values(data.map?.bindings ?? {})].flatMap(promisesOf);
}

/** The step that a promise names: beside it, or for what stands in a choice, beside that. */
function sourceOf(tree: Tree, step: Step, { node, name }: Promised): Place {
  if (!node) return { step: null, name };
  for (let at: Step | undefined = step; at; at = tree.byId.get(at.parent)) {
    const found = siblings(tree, at).find((each) => each.template?.id === node);
    if (found) return { step: found, name };
  }
  return { step: null, name };
}

function flowsOf(tree: Tree, step: Step, template: NodeTemplate): Flow[] {
  const found = new Map<string, Place[]>();
  const note = (bindings: readonly Binding[] | undefined, to: Step | null): void => {
    for (const { var: name, binding } of bindings ?? []) {
      for (const { node, variable } of promisesOf(binding)) {
        if (node === template.id) found.set(variable, [...(found.get(variable) ?? []), { step: to, name }]);
      }
    }
  };
  const visit = (steps: readonly Step[]): void => {
    for (const each of steps) {
      note(each.template?.inputs, each);
      // The steps in a choice take what stands beside it; those of other graphs know only what is inside of them.
      if (each.template?.branch_node) visit(each.steps);
    }
  };
  visit(siblings(tree, step));
  note(scopeAround(tree, step).outputs, null);
  return [...found].map(([name, places]) => ({ name, places }));
}

function siblings(tree: Tree, step: Step): readonly Step[] {
  return tree.byId.get(step.parent)?.steps ?? tree.steps;
}

function scopeAround(tree: Tree, step: Step): Scope {
  return tree.byId.get(step.parent)?.scope ?? tree.scope;
}
