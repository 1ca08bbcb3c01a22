"""Any valid graph compiles; any one defect in it is reported under its code, and only it."""

from __future__ import annotations

import random

import msgspec
import pytest
from flyteidl.core import tasks_pb2, workflow_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.graphs import (
    INT,
    binding,
    branch_node,
    comparison,
    list_of,
    map_node,
    sub_workflow_node,
    task,
    task_node,
    workflow,
)
from tests.unit.core.compiler.defects import all_defects, variants_of

from alula.core.compiler import Code, CompileErrors, compile_workflow
from alula.core.compiler.normalise import digest

ADD = task("add", inputs={"a": INT, "b": INT})
SPREAD = task("spread", inputs={"a": INT}, outputs={"o0": list_of(INT)})
SQUARE = task("square", inputs={"xs": list_of(INT), "by": INT}, outputs={"o0": list_of(INT)})
SUM = task("sum", inputs={"xs": list_of(INT)})
TASKS = (ADD, SPREAD, SQUARE, SUM)
INNER = workflow("step", [task_node("n0", ADD, a=".x", b=1)], outputs={"o0": (INT, "n0.o0")})
WHOLE_WORKFLOW = {Code.NO_NODES_FOUND, Code.NO_ENTRY_NODE_FOUND, Code.IDL_TYPE_NOT_FOUND}
"""Defects that are not in some node, but in the workflow as a whole."""
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Sources(msgspec.Struct):
    """What later nodes may take: integers and lists of integers."""

    numbers: list[int | str] = msgspec.field(default_factory=lambda: [".x", 7])
    lists: list[str] = []


@st.composite
def graphs(draw: st.DrawFn, prefix: str = "v") -> workflow_pb2.WorkflowTemplate:
    """A valid workflow of all node kinds, its nodes in any order."""
    sources = Sources()
    nodes = [_node(draw, f"{prefix}{number}", sources) for number in range(draw(st.integers(1, 14)))]
    last = draw(st.sampled_from([source for source in sources.numbers if isinstance(source, str)]))
    return workflow("valid", draw(st.permutations(nodes)), outputs={"o0": (INT, last)})


def _node(draw: st.DrawFn, id: str, sources: Sources) -> workflow_pb2.Node:
    number = st.sampled_from(sources.numbers)
    kinds = ["task", "spread", "sub-workflow", "branch", "gate"] + (["map", "sum"] if sources.lists else [])
    kind = draw(st.sampled_from(kinds))
    if kind in ("map", "sum"):
        items = draw(st.sampled_from(sources.lists))
    match kind:
        case "task":
            node = task_node(id, ADD, a=draw(number), b=draw(number))
        case "spread":
            node = task_node(id, SPREAD, a=draw(number))
        case "sub-workflow":
            node = sub_workflow_node(id, INNER, x=draw(number))
        case "map":
            node = map_node(id, SQUARE, bound=["by"], xs=items, by=draw(number))
        case "sum":
            node = task_node(id, SUM, xs=items)
        case "gate":
            node = workflow_pb2.Node(id=id, inputs=[binding("o0", draw(number))])
            node.gate_node.approve.signal_id = "ok"
        case _:
            inside = [task_node(name, ADD, a=draw(number), b=draw(number)) for name in ("yes", "no")]
            node = branch_node(id, [(comparison("v", "GT", 1), inside[0])], otherwise=inside[1], v=draw(number))
    (sources.lists if kind in ("spread", "map") else sources.numbers).append(f"{id}.o0")
    return node


@QUICK
@given(graphs())
def test_any_valid_graph_compiles(template: workflow_pb2.WorkflowTemplate) -> None:
    closure = compile_workflow(template, [INNER], TASKS)
    connections = closure.primary.connections
    ids = {node.id for node in closure.primary.template.nodes}
    assert {node.id for node in template.nodes} | {"start-node", "end-node"} == ids
    forward = {(before, after) for before, afters in connections.downstream.items() for after in afters.ids}
    backward = {(before, after) for after, befores in connections.upstream.items() for before in befores.ids}
    assert forward == {(before, after) for before, after in backward if after in ids}
    assert {one for edge in forward for one in edge} == ids
    assert {after for _, after in forward} == ids - {"start-node"}
    assert {before for before, _ in backward} <= ids
    assert compile_workflow(closure.primary.template, [INNER], TASKS) == closure


@QUICK
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_changes_nothing(template: workflow_pb2.WorkflowTemplate, randomness: random.Random) -> None:
    turned = workflow_pb2.WorkflowTemplate()
    turned.CopyFrom(template)
    nodes = list(turned.nodes)
    randomness.shuffle(nodes)
    del turned.nodes[:]
    turned.nodes.extend(nodes)
    one, other = compile_workflow(template, [INNER], TASKS), compile_workflow(turned, [INNER], TASKS[::-1])
    assert one.primary.connections == other.primary.connections
    assert digest(one) == digest(other)


@pytest.mark.parametrize("code", [code for code in Code if code not in WHOLE_WORKFLOW])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=graphs(), place=st.integers(0, 14))
def test_any_one_defect_is_reported_under_its_code(
    code: Code, template: workflow_pb2.WorkflowTemplate, place: int
) -> None:
    for case in (all_defects()[code](), *variants_of(code)):
        if case.template.interface.inputs != template.interface.inputs:
            continue
        mixed = workflow_pb2.WorkflowTemplate()
        mixed.CopyFrom(template)
        del mixed.nodes[:]
        nodes = list(template.nodes)
        mixed.nodes.extend([*nodes[:place], *case.template.nodes, *nodes[place:]])
        _graft(case.template, mixed)
        tasks: list[tasks_pb2.TaskTemplate] = [*TASKS, *case.tasks]
        with pytest.raises(CompileErrors) as caught:
            compile_workflow(mixed, [INNER, *case.sub_workflows], tasks)
        assert code in {error.code for error in caught.value.errors}
        assert not any(error.path.startswith("v") for error in caught.value.errors)


def _graft(defect: workflow_pb2.WorkflowTemplate, onto: workflow_pb2.WorkflowTemplate) -> None:
    """Take along what is not a node: the failure node, outputs and their types."""
    onto.metadata.CopyFrom(defect.metadata)
    if defect.HasField("failure_node"):
        onto.failure_node.CopyFrom(defect.failure_node)
    variables = defect.interface.outputs.variables
    if variables:
        onto.interface.outputs.CopyFrom(defect.interface.outputs)
        del onto.outputs[:]
        onto.outputs.extend(defect.outputs)
