"""Compiling what a dynamic task made."""

import pytest
from flyteidl.core import dynamic_job_pb2, literals_pb2, workflow_pb2
from google.protobuf import duration_pb2
from tests.graphs import INT, binding, branch_node, comparison, list_of, sub_workflow_node, task, task_node, workflow

from alula.core.compiler import CompileErrors
from alula.core.compiler.dynamic import compile_dynamic

PARENT, T = task("parent"), task("t")
INNER = workflow("inner", [task_node("n0", T, x=".x")], outputs={"o0": (INT, "n0.o0")})


def job(output: str) -> dynamic_job_pb2.DynamicJobSpec:
    return dynamic_job_pb2.DynamicJobSpec(
        nodes=[task_node("dn0", T, x=5), sub_workflow_node("dn1", INNER, x="dn0.o0")],
        outputs=[binding("o0", output)],
        tasks=[T],
        subworkflows=[INNER],
        min_successes=2,
    )


def test_it_has_the_tasks_interface_and_brings_what_it_needs() -> None:
    closure = compile_dynamic(job("dn1.o0"), parent=PARENT, node_id="n3")
    template = closure.primary.template
    assert (template.id.name, template.id.version) == ("dynamic_n3", "v")
    assert template.interface == PARENT.interface
    assert [node.id for node in template.nodes] == ["start-node", "end-node", "dn0", "dn1"]
    assert len(closure.tasks) == len(closure.sub_workflows) == 1


def test_its_tasks_are_checked_with_it_as_nobody_registers_them() -> None:
    without_image = task("t")
    without_image.container.image = ""
    broken = job("dn1.other")
    broken.tasks[0].CopyFrom(without_image)
    with pytest.raises(CompileErrors) as caught:
        compile_dynamic(broken, parent=PARENT, node_id="n3")
    assert [error.code.value for error in caught.value.errors] == ["VariableNameNotFound", "ValueRequired"]
    assert "task `t`: the container has no image" in str(caught.value)
    broken.outputs[0].binding.promise.var = "o0"
    with pytest.raises(CompileErrors, match="`dynamic_n3` has an error"):
        compile_dynamic(broken, parent=PARENT, node_id="n3")


def test_its_outputs_must_be_those_of_the_task() -> None:
    with pytest.raises(CompileErrors, match="node `dn1` has no output `other`"):
        compile_dynamic(job("dn1.other"), parent=PARENT, node_id="n3")


LATE = literals_pb2.Scalar(primitive={"datetime": {"seconds": 253_402_300_800}})
LONG = literals_pb2.Scalar(primitive={"duration": {"seconds": 2**62}})
BROKEN = literals_pb2.Scalar(binary={"tag": "msgpack", "value": b"\xc1"})
UNSOUND = [
    literals_pb2.BindingData(scalar=LATE),
    literals_pb2.BindingData(scalar=LONG),
    literals_pb2.BindingData(scalar=BROKEN),
    literals_pb2.BindingData(collection={"bindings": [{"scalar": {"none_type": {}}}, {"scalar": BROKEN}]}),
    literals_pb2.BindingData(map={"bindings": {"a": {"collection": {"bindings": [{"scalar": LATE}]}}}}),
]


def of_node(node: workflow_pb2.Node) -> dynamic_job_pb2.DynamicJobSpec:
    changed = job("dn1.o0")
    changed.nodes.append(node)
    return changed


def deep(levels: int) -> literals_pb2.BindingData:
    data = literals_pb2.BindingData(scalar={"primitive": {"integer": 1}})
    for _ in range(levels):
        data = literals_pb2.BindingData(collection={"bindings": [data]})
    return data


@pytest.mark.parametrize("data", [*UNSOUND, deep(40)])
def test_a_constant_that_can_not_be_carried_is_refused(data: literals_pb2.BindingData) -> None:
    node = task_node("dn2", T)
    node.inputs.add(var="x", binding=data)
    with pytest.raises(CompileErrors, match="`x` is bound to a constant"):
        compile_dynamic(of_node(node), parent=PARENT, node_id="n3")
    outputs = job("dn1.o0")
    outputs.outputs[0].binding.CopyFrom(data)
    with pytest.raises(CompileErrors, match="`o0` is bound to a constant"):
        compile_dynamic(outputs, parent=PARENT, node_id="n3")


def test_lists_may_be_as_deep_as_values_may() -> None:
    deepest = INT
    for _ in range(20):
        deepest = list_of(deepest)
    takes = task("takes", inputs={"x": deepest})
    node = task_node("dn2", takes)
    node.inputs.add(var="x", binding=deep(20))
    made = of_node(node)
    made.tasks.append(takes)
    assert compile_dynamic(made, parent=PARENT, node_id="n3")


@pytest.mark.parametrize("scalar", [LATE, LONG, BROKEN])
def test_so_is_one_that_a_condition_compares(scalar: literals_pb2.Scalar) -> None:
    condition = comparison("x", "EQ", 1)
    condition.comparison.right_value.scalar.CopyFrom(scalar)
    node = branch_node("dn2", [(condition, task_node("dn3", T, x=1))], error="no", x=1)
    with pytest.raises(CompileErrors, match="a condition compares a constant"):
        compile_dynamic(of_node(node), parent=PARENT, node_id="n3")


@pytest.mark.parametrize("seconds", [-1, 2**62])
def test_no_time_is_negative_or_endless(seconds: int) -> None:
    span = duration_pb2.Duration(seconds=seconds)
    sleeps = workflow_pb2.Node(id="dn2", gate_node={"sleep": {"duration": span}})
    waits = task_node("dn2", T, x=1)
    waits.metadata.timeout.CopyFrom(span)
    for node in (sleeps, waits):
        with pytest.raises(CompileErrors, match="InvalidValue"):
            compile_dynamic(of_node(node), parent=PARENT, node_id="n3")
    lasts = job("dn1.o0")
    lasts.tasks[0].metadata.timeout.CopyFrom(span)
    with pytest.raises(CompileErrors, match="the timeout is"):
        compile_dynamic(lasts, parent=PARENT, node_id="n3")
