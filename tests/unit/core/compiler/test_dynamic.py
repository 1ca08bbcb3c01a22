"""Compiling what a dynamic task made."""

import pytest
from flyteidl.core import dynamic_job_pb2
from tests.graphs import INT, binding, sub_workflow_node, task, task_node, workflow

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
