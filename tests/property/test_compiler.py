"""Any valid graph compiles; any one defect in it is reported under its code, and only it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from flyteidl.core import compiler_pb2, condition_pb2, identifier_pb2, literals_pb2, tasks_pb2, workflow_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.anything import change_anything
from tests.property.valid_graphs import INNER, PLAN, TASKS, bound, valid_graphs
from tests.unit.core.compiler.defects import all_defects, variants_of

from alula.core.compiler import Code, CompileErrors, compile_workflow
from alula.core.compiler.normalise import digest
from alula.core.engine.plan import make_plan

WHOLE_WORKFLOW = {Code.NO_NODES_FOUND}
"""Defects that are not in some node, but in the workflow as a whole."""
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def compiled(
    template: workflow_pb2.WorkflowTemplate,
    sub_workflows: tuple[workflow_pb2.WorkflowTemplate, ...] = (INNER,),
    tasks: tuple[tasks_pb2.TaskTemplate, ...] = TASKS,
) -> compiler_pb2.CompiledWorkflowClosure:
    return compile_workflow(template, sub_workflows, tasks, [PLAN])


@QUICK
@given(valid_graphs())
def test_any_valid_graph_compiles_and_runs(template: workflow_pb2.WorkflowTemplate) -> None:
    closure = compiled(template)
    connections = closure.primary.connections
    ids = {node.id for node in closure.primary.template.nodes}
    assert {node.id for node in template.nodes} | {"start-node", "end-node"} == ids
    forward = {(before, after) for before, afters in connections.downstream.items() for after in afters.ids}
    backward = {(before, after) for after, befores in connections.upstream.items() for before in befores.ids}
    assert forward == {(before, after) for before, after in backward if after in ids}
    assert {one for edge in forward for one in edge} == ids
    assert {after for _, after in forward} == ids - {"start-node"}
    assert {before for before, _ in backward} <= ids
    assert compiled(closure.primary.template) == closure
    assert make_plan(closure).roots


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(valid_graphs(), st.randoms(use_true_random=False))
def test_whatever_is_written_is_compiled_and_can_be_run_or_is_refused(
    template: workflow_pb2.WorkflowTemplate, randomness: random.Random
) -> None:
    for _ in range(3):
        change_anything(template, randomness)
    try:
        closure = compiled(template)
    except CompileErrors as errors:
        assert errors.message
    else:
        make_plan(closure)
        assert compiled(closure.primary.template) == closure


@QUICK
@given(valid_graphs(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_changes_nothing(template: workflow_pb2.WorkflowTemplate, randomness: random.Random) -> None:
    turned = workflow_pb2.WorkflowTemplate()
    turned.CopyFrom(template)
    nodes = list(turned.nodes)
    randomness.shuffle(nodes)
    del turned.nodes[:]
    turned.nodes.extend(nodes)
    one, other = compiled(template), compiled(turned, tasks=TASKS[::-1])
    assert one.primary.connections == other.primary.connections
    assert digest(one) == digest(other)


@pytest.mark.parametrize("code", [code for code in Code if code not in WHOLE_WORKFLOW])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=valid_graphs(), place=st.integers(0, 14))
def test_any_one_defect_is_reported_under_its_code(
    code: Code, template: workflow_pb2.WorkflowTemplate, place: int
) -> None:
    for case in (all_defects()[code](), *variants_of(code)):
        mixed = workflow_pb2.WorkflowTemplate()
        mixed.CopyFrom(template)
        del mixed.nodes[:]
        nodes = list(template.nodes)
        mixed.nodes.extend([*nodes[:place], *case.template.nodes, *nodes[place:]])
        _graft(case.template, mixed)
        with pytest.raises(CompileErrors) as caught:
            compiled(mixed, (INNER, *case.sub_workflows), (*TASKS, *case.tasks))
        codes = {error.code for error in caught.value.errors}
        assert codes == {code}
        assert not any(error.path.startswith("v") for error in caught.value.errors)


def _graft(defect: workflow_pb2.WorkflowTemplate, onto: workflow_pb2.WorkflowTemplate) -> None:
    """Take along what is not a node: the policy, the failure node, inputs, outputs and their types."""
    onto.metadata.CopyFrom(defect.metadata)
    if defect.HasField("failure_node"):
        onto.failure_node.CopyFrom(defect.failure_node)
    for name, variable in defect.interface.inputs.variables.items():
        # Nodes of the valid graph read `x`: what is wrong with the type of an input is so with one of its own.
        onto.interface.inputs.variables[name if variable == onto.interface.inputs.variables[name] else "y"].CopyFrom(
            variable
        )
    if defect.interface.outputs.variables:
        onto.interface.outputs.CopyFrom(defect.interface.outputs)
        del onto.outputs[:]
        onto.outputs.extend(defect.outputs)


Damage: TypeAlias = Callable[[workflow_pb2.Node], object]
"""Breaks one thing in a node, in place."""
OF_ANY: tuple[tuple[Code, Damage], ...] = (
    (Code.INVALID_VALUE, lambda node: setattr(node.metadata.timeout, "seconds", -1)),
    (Code.CYCLE_DETECTED, lambda node: node.upstream_node_ids.append(node.id)),
    (Code.NODE_REFERENCE_NOT_FOUND, lambda node: node.upstream_node_ids.append("nobody")),
    (Code.VALUE_REQUIRED, lambda node: node.ClearField(node.WhichOneof("target") or "")),
)
OF_BOUND: tuple[tuple[Code, Damage], ...] = (
    (Code.DUPLICATE_ALIAS, lambda node: [node.output_aliases.add(var="o0", alias=alias) for alias in "ab"]),
    (Code.PARAMETER_BOUND_MORE_THAN_ONCE, lambda node: node.inputs.append(node.inputs[0])),
    (Code.VALUE_REQUIRED, lambda node: node.inputs[0].binding.Clear()),
    (Code.UNRECOGNIZED_VALUE, lambda node: node.inputs[0].binding.CopyFrom(EMPTY_CONSTANT)),
)
OF_PROMISED: tuple[tuple[Code, Damage], ...] = (
    (Code.VARIABLE_NAME_NOT_FOUND, lambda node: setattr(node.inputs[0].binding.promise, "var", "nothing")),
    (Code.NODE_REFERENCE_NOT_FOUND, lambda node: setattr(node.inputs[0].binding.promise, "node_id", "nobody")),
    (Code.SYNTAX_ERROR, lambda node: setattr(node.inputs[0].binding.promise, "var", "[x")),
    (Code.FIELD_NOT_FOUND, lambda node: node.inputs[0].binding.promise.attr_path.add(string_value="nothing")),
)
OF_BRANCH: tuple[tuple[Code, Damage], ...] = (
    (Code.BRANCH_NODE_HAS_NO_DEFAULT, lambda node: _if_else(node).ClearField(_if_else(node).WhichOneof("default"))),
    (Code.BRANCH_NODE_HAS_NO_CONDITION, lambda node: _if_else(node).other[0].ClearField("condition")),
    (Code.BRANCH_NODE_ID_NOT_FOUND, lambda node: _if_else(node).other[0].ClearField("then_node")),
    (Code.VARIABLE_NAME_NOT_FOUND, lambda node: setattr(_left(node), "var", "nothing")),
)
OF_GATE: tuple[tuple[Code, Damage], ...] = ((Code.NO_CONDITION_FOUND, lambda node: node.gate_node.Clear()),)
OF_CALL: tuple[tuple[Code, Damage], ...] = (
    (Code.VARIABLE_NAME_NOT_FOUND, lambda node: node.inputs.append(bound("nothing", 1))),
    (Code.PARAMETER_NOT_BOUND, lambda node: node.inputs.pop(0)),
    (Code.MISMATCHING_TYPES, lambda node: setattr(node.inputs[0].binding.scalar.primitive, "boolean", True)),
    (Code.MISMATCHING_BINDINGS, lambda node: node.inputs[0].binding.CopyFrom(MAP)),
    (Code.INCONSISTENT_TYPES, lambda node: setattr(_reference(node), "resource_type", identifier_pb2.DATASET)),
)
OF_TASK: tuple[tuple[Code, Damage], ...] = (
    (Code.TASK_REFERENCE_NOT_FOUND, lambda node: setattr(_reference(node), "name", "nobody")),
)
OF_WORKFLOW: tuple[tuple[Code, Damage], ...] = (
    (Code.WORKFLOW_REFERENCE_NOT_FOUND, lambda node: setattr(_reference(node), "name", "nobody")),
)
OF_ARRAY: tuple[tuple[Code, Damage], ...] = (
    (Code.INVALID_VALUE, lambda node: setattr(node.array_node, "min_success_ratio", 2)),
    (Code.VALUE_REQUIRED, lambda node: node.array_node.ClearField("node")),
)
OF_KIND = {
    "branch_node": OF_BRANCH,
    "gate_node": OF_GATE,
    "task_node": OF_CALL + OF_TASK,
    "workflow_node": OF_CALL + OF_WORKFLOW,
    "array_node": OF_CALL + OF_ARRAY,
}
EMPTY_CONSTANT = literals_pb2.BindingData(scalar=literals_pb2.Scalar())
MAP = literals_pb2.BindingData(map=literals_pb2.BindingDataMap(bindings={"key": bound("", 1).binding}))


def damages(node: workflow_pb2.Node) -> Iterator[tuple[Code, workflow_pb2.Node]]:
    """All that can be broken in a valid node: each time the code, and a copy that has just this wrong."""
    fitting = [*OF_ANY, *OF_KIND[node.WhichOneof("target") or ""], *(OF_BOUND if node.inputs else ())]
    if node.inputs and node.inputs[0].binding.HasField("promise"):
        fitting += OF_PROMISED
    for code, damage in fitting:
        broken = workflow_pb2.Node()
        broken.CopyFrom(node)
        damage(broken)
        yield code, broken


def _if_else(node: workflow_pb2.Node) -> workflow_pb2.IfElseBlock:
    return node.branch_node.if_else


def _left(node: workflow_pb2.Node) -> condition_pb2.Operand:
    return _if_else(node).case.condition.comparison.left_value


def _reference(node: workflow_pb2.Node) -> identifier_pb2.Identifier:
    if node.HasField("array_node"):
        return _reference(node.array_node.node)
    if node.HasField("task_node"):
        return node.task_node.reference_id
    return getattr(node.workflow_node, node.workflow_node.WhichOneof("reference") or "")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(valid_graphs(), st.data())
def test_whatever_is_broken_in_a_node_is_found_there(
    template: workflow_pb2.WorkflowTemplate, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(template.nodes) - 1))
    whole = template.nodes[place]
    for code, damaged in damages(whole):
        broken = workflow_pb2.WorkflowTemplate()
        broken.CopyFrom(template)
        broken.nodes[place].CopyFrom(damaged)
        with pytest.raises(CompileErrors) as caught:
            compiled(broken)
        errors = caught.value.errors
        assert code in {error.code for error in errors if error.path == whole.id}
        assert {error.code for error in errors} <= {code}
        assert code is Code.CYCLE_DETECTED or {error.path for error in errors} == {whole.id}
