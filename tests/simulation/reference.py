"""What a workflow must come to, worked out from its template alone: a second, simple reading of Flyte's rules.

No attempts, no time, no order beyond what depends on what: a node runs when all that it needs has succeeded, and a
workflow fails when a node that ran failed. Shares nothing with the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flyteidl.core import literals_pb2, workflow_pb2
from tests.simulation.tasks import Behaviour, Value, chance
from tests.simulation.workflows import Library

Outputs = dict[str, Value]


class Failed(Exception):
    """The node, and with it the workflow, fails."""


@dataclass(frozen=True)
class Answers:
    """What people say to gates: always the same to the same gate."""

    timed: frozenset[str]
    """Signals that need not be answered, as their gate gives up waiting."""

    def value(self, signal_id: str, *, approval: bool) -> int | bool | None:
        """None for no answer at all."""
        if signal_id in self.timed and chance("ignored", signal_id) < 300:
            return None
        return chance("rejected", signal_id) >= 100 if approval else chance("answer", signal_id) % 100


class Reference:
    def __init__(self, library: Library, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._workflows = {template.id.name: template for template, _ in library.workflows}
        self._workflows |= {sub.id.name: sub for _, subs in library.workflows for sub in subs}
        self._graphs = library.graphs
        templates = [*self._workflows.values(), *library.graphs.values()]
        gates = [node for template in templates for node in template.nodes if node.HasField("gate_node")]
        self.answers = Answers(
            frozenset(node.gate_node.approve.signal_id for node in gates if node.metadata.timeout.seconds)
        )

    def outcome(self, workflow: str, x: Value) -> Outputs | None:
        """The outputs of a workflow, None when it fails."""
        try:
            return self._run(self._workflows[workflow], x)
        except Failed:
            return None

    def _run(self, graph: workflow_pb2.WorkflowTemplate | object, x: Value) -> Outputs:
        done: dict[str, Outputs] = {"": {"x": x}}
        failed = False
        for node in graph.nodes:  # type: ignore[attr-defined]  (each comes after those that it depends on)
            if not _needs(node) <= done.keys():
                continue
            try:
                done[node.id] = self._node(node, done)
            except Failed:
                failed = True
        if failed:
            raise Failed
        return _resolve(graph.outputs, done)  # type: ignore[attr-defined]

    def _node(self, node: workflow_pb2.Node, done: dict[str, Outputs]) -> Outputs:
        inputs = _resolve(node.inputs, done)
        match node.WhichOneof("target"):
            case "task_node":
                return self._task(node.task_node.reference_id.name, inputs)
            case "array_node":
                return self._array(node.array_node, inputs)
            case "branch_node":
                return self._node(_choose(node.branch_node.if_else, inputs), done)
            case "gate_node":
                return self._gate(node.gate_node, inputs)
            case _:
                return self._workflow(node.workflow_node, inputs)

    def _workflow(self, reference: workflow_pb2.WorkflowNode, inputs: Outputs) -> Outputs:
        is_sub = reference.HasField("sub_workflow_ref")
        name = reference.sub_workflow_ref.name if is_sub else reference.launchplan_ref.name
        return self._run(self._workflows[name], inputs["x"])

    def _task(self, name: str, inputs: Outputs) -> Outputs:
        about = tuple(sorted(inputs.items()))
        if chance("poison", self._behaviour.seed, name, about) < self._behaviour.poisoned:
            raise Failed
        if name in self._graphs:
            return self._run(self._graphs[name], inputs["x"])
        return {"o0": chance("value", name, about) % 100}

    def _array(self, array: workflow_pb2.ArrayNode, inputs: Outputs) -> Outputs:
        over_tasks = array.node.HasField("task_node")
        listed = "xs" if over_tasks else "x"
        items = inputs[listed]
        assert isinstance(items, tuple)
        gave: list[Value] = []
        for item in items:
            own = inputs | {listed: item}
            try:
                if over_tasks:
                    gave.append(self._task(array.node.task_node.reference_id.name, own)["o0"])
                else:
                    gave.append(self._workflow(array.node.workflow_node, own)["o0"])
            except Failed:
                gave.append(None)
        if len(gave) - gave.count(None) < math.ceil(array.min_success_ratio * len(gave) - 1e-6):
            raise Failed
        return {"o0": tuple(gave)}

    def _gate(self, gate: workflow_pb2.GateNode, inputs: Outputs) -> Outputs:
        match gate.WhichOneof("condition"):
            case "approve":
                if not self.answers.value(gate.approve.signal_id, approval=True):
                    raise Failed
                return inputs
            case "signal":
                return {"o0": self.answers.value(gate.signal.signal_id, approval=False)}
            case _:
                return {}


def _choose(rule: workflow_pb2.IfElseBlock, inputs: Outputs) -> workflow_pb2.Node:
    value = inputs["v"]
    assert isinstance(value, int)
    for case in (rule.case, *rule.other):
        compare = case.condition.comparison
        limit = compare.right_value.primitive.integer
        if value > limit if compare.operator == compare.GT else value < limit:
            return case.then_node
    if not rule.HasField("else_node"):
        raise Failed
    return rule.else_node


def _needs(node: workflow_pb2.Node) -> set[str]:
    """The nodes that must have succeeded; "" for the workflow's inputs."""
    needs = {id for binding in node.inputs for id in _sources(binding.binding)} | set(node.upstream_node_ids)
    rule = node.branch_node.if_else
    inside = [case.then_node for case in (rule.case, *rule.other)] + [rule.else_node]
    return needs | {id for inner in inside if inner.id for id in _needs(inner)}


def _sources(data: literals_pb2.BindingData) -> list[str]:
    if data.HasField("promise"):
        return [data.promise.node_id]
    return [id for item in data.collection.bindings for id in _sources(item)]


def _resolve(bindings: object, done: dict[str, Outputs]) -> Outputs:
    return {binding.var: _value(binding.binding, done) for binding in bindings}  # type: ignore[attr-defined]


def _value(data: literals_pb2.BindingData, done: dict[str, Outputs]) -> Value:
    match data.WhichOneof("value"):
        case "promise":
            return done[data.promise.node_id][data.promise.var]
        case "collection":
            return tuple(_value(item, done) for item in data.collection.bindings)
        case _:
            return data.scalar.primitive.integer
