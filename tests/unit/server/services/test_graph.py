"""Graphs as they are drawn: a part of the compiled closure, in its form, that leaves out no node and no edge."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from flyteidl.core import compiler_pb2, condition_pb2, literals_pb2, workflow_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from tests.conformance.documents import FOLDER

from alula.server.services.console.graph import graph_of

# `Any`: JSON.
CLOSURES: dict[str, Any] = {
    name: each["closure"]
    for name, each in json.loads((FOLDER / "closures.json").read_text()).items()
    if "closure" in each
}


def drawn(closure: compiler_pb2.CompiledWorkflowClosure) -> Any:
    return json.loads(msgspec.json.encode(graph_of(closure.SerializeToString())))


def closure_of(name: str) -> compiler_pb2.CompiledWorkflowClosure:
    return ParseDict(CLOSURES[name], compiler_pb2.CompiledWorkflowClosure())


def is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and is_part(each, whole[name]) for name, each in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(is_part, part, whole))
    return part == whole


@pytest.mark.parametrize("name", CLOSURES)
def test_a_graph_is_a_part_of_its_closure(name: str) -> None:
    closure = closure_of(name)
    graph = drawn(closure)
    whole = MessageToDict(closure, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    assert is_part(graph, whole)
    for shown, message in zip(
        (graph["primary"], *graph.get("sub_workflows", ())), (closure.primary, *closure.sub_workflows), strict=True
    ):
        nodes = {node.id: node for node in message.template.nodes}
        assert [node["id"] for node in shown["template"]["nodes"]] == list(nodes)
        assert {id: each["ids"] for id, each in shown["connections"]["downstream"].items()} == {
            id: list(each.ids) for id, each in message.connections.downstream.items()
        }
        for node in shown["template"]["nodes"]:
            kind = nodes[node["id"]].WhichOneof("target")
            assert kind in (None, *node)


def test_a_graph_says_where_parts_of_values_come_from() -> None:
    closure = compiler_pb2.CompiledWorkflowClosure()
    binding = literals_pb2.BindingData()
    first = binding.collection.bindings.add()
    first.promise.node_id, first.promise.var = "n0", "o0"
    first.promise.attr_path.add(string_value="rate")
    first.promise.attr_path.add(int_value=0)
    binding.collection.bindings.add().scalar.primitive.integer = 3
    inputs = [literals_pb2.Binding(var="x", binding=binding)]
    closure.primary.template.nodes.append(workflow_pb2.Node(id="n1", inputs=inputs))
    [node] = drawn(closure)["primary"]["template"]["nodes"]
    promise = {"node_id": "n0", "var": "o0", "attr_path": [{"string_value": "rate"}, {"int_value": 0}]}
    assert node["inputs"] == [{"var": "x", "binding": {"collection": {"bindings": [{"promise": promise}, {}]}}}]


def test_a_graph_says_how_long_its_gates_wait() -> None:
    closure = compiler_pb2.CompiledWorkflowClosure()
    approval = workflow_pb2.Node(id="n0", gate_node=workflow_pb2.GateNode(approve={"signal_id": "ok"}))
    approval.metadata.timeout.FromSeconds(90)
    pause = workflow_pb2.Node(id="n1", gate_node=workflow_pb2.GateNode(sleep={}))
    pause.gate_node.sleep.duration.FromMilliseconds(1_500)
    endless = workflow_pb2.Node(id="n2", gate_node=workflow_pb2.GateNode(sleep={}))
    endless.gate_node.sleep.duration.seconds = 2**62
    task = workflow_pb2.Node(id="n3", task_node={}, metadata=approval.metadata)
    closure.primary.template.nodes.extend((approval, pause, endless, task))
    nodes = drawn(closure)["primary"]["template"]["nodes"]
    assert nodes[0]["metadata"] == {"timeout": "90s"}
    assert [node["gate_node"]["sleep"] for node in nodes[1:3]] == [{"duration": "1.500s"}, {}]
    assert "metadata" not in nodes[3]


def test_a_condition_that_json_cannot_say_hides_no_graph() -> None:
    closure = compiler_pb2.CompiledWorkflowClosure()
    condition = condition_pb2.BooleanExpression()
    condition.comparison.left_value.primitive.datetime.seconds = 2**62
    case = workflow_pb2.IfBlock(condition=condition, then_node=workflow_pb2.Node(id="n0-n1"))
    branch = workflow_pb2.BranchNode(if_else=workflow_pb2.IfElseBlock(case=case))
    closure.primary.template.nodes.append(workflow_pb2.Node(id="n0", branch_node=branch))
    [node] = drawn(closure)["primary"]["template"]["nodes"]
    assert node["branch_node"]["if_else"]["case"] == {"condition": {}, "then_node": {"id": "n0-n1"}}
