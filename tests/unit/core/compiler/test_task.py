"""Compiling a task on its own."""

import pytest
from flyteidl.core import interface_pb2, tasks_pb2
from tests.graphs import approval_node, compiled, task, task_node, workflow

from alula.core.compiler import Code, CompileErrors, compile_task
from alula.core.literals.structs import struct_of


def test_a_task_is_kept_as_it_is() -> None:
    template = task("t", retries=2)
    assert compile_task(template).template == template


def test_all_that_is_wrong_with_a_task_comes_at_once() -> None:
    template = task("", timeout_s=-1)
    template.type = ""
    template.interface.inputs.variables["y"].CopyFrom(interface_pb2.Variable())
    template.metadata.cache_ignore_input_vars.append("z")
    template.container.resources.requests.add(name=tasks_pb2.Resources.MEMORY, value="1 potato")
    with pytest.raises(CompileErrors) as caught:
        compile_task(template)
    assert [error.code for error in caught.value.errors] == [
        Code.VALUE_REQUIRED,
        Code.VALUE_REQUIRED,
        Code.VALUE_REQUIRED,
        Code.INVALID_VALUE,
        Code.VARIABLE_NAME_NOT_FOUND,
        Code.UNRECOGNIZED_VALUE,
    ]
    assert str(caught.value).startswith("task `p/d/@v` has 6 errors:\n  ValueRequired: the task has no name")
    assert "potato" in str(caught.value)


def errors_of(template: tasks_pb2.TaskTemplate) -> list[tuple[Code, str]]:
    with pytest.raises(CompileErrors) as caught:
        compile_task(template)
    return [(error.code, error.message) for error in caught.value.errors]


def test_a_container_has_an_image_and_a_command() -> None:
    template = task("t")
    template.container.Clear()
    template.container.SetInParent()
    assert [(code, words.split(";")[0]) for code, words in errors_of(template)] == [
        (Code.VALUE_REQUIRED, "the container has no image"),
        (Code.VALUE_REQUIRED, "the container has no command, so that nothing reads the inputs and writes the outputs"),
    ]


def test_a_container_of_a_task_without_inputs_and_outputs_needs_no_command() -> None:
    compile_task(tasks_pb2.TaskTemplate(id=task("t").id, type="x", container=tasks_pb2.Container(image="python")))


@pytest.mark.parametrize("name", ["Main", "", "-a", "a" * 64])
def test_containers_of_a_pod_have_names_that_kubernetes_takes(name: str) -> None:
    pod = tasks_pb2.K8sPod(pod_spec=struct_of({"containers": [{"name": "primary"}, {"name": name}]}))
    template = tasks_pb2.TaskTemplate(id=task("t").id, type="x", k8s_pod=pod)
    assert [code for code, _ in errors_of(template)] == [Code.INVALID_VALUE]


def test_a_request_over_its_limit_is_found() -> None:
    template = task("t")
    template.container.resources.requests.add(name=tasks_pb2.Resources.CPU, value="2")
    template.container.resources.limits.add(name=tasks_pb2.Resources.CPU, value="1")
    assert [code for code, _ in errors_of(template)] == [Code.INVALID_VALUE]


def test_memory_grows_by_a_number() -> None:
    template = task("t")
    template.config["alula.memory_growth"] = "much"
    [(code, message)] = errors_of(template)
    assert code is Code.INVALID_VALUE
    assert message == "`much` is no factor by which memory can grow; give a number from 1 to 100"


def test_texts_that_a_database_can_not_keep_are_refused() -> None:
    template = task("t")
    template.type, template.metadata.discovery_version = "a\0b", "1\0"
    assert [words.split(",")[0] for _, words in errors_of(template)] == [
        "the task's type has a NUL character",
        "the cache version has a NUL character",
    ]


def test_texts_of_nodes_that_a_database_can_not_keep_are_refused() -> None:
    cached, odd, gate = task_node("n0", task("t"), x=1), task_node("n\0", task("t"), x=1), approval_node("n1", o0=1)
    cached.metadata.cache_version = "1\0"
    gate.gate_node.approve.signal_id = "ok\0"
    with pytest.raises(CompileErrors) as caught:
        compiled(workflow("w", [cached, odd, gate]), [task("t")])
    assert {error.code for error in caught.value.errors} == {Code.INVALID_VALUE}
    assert len(caught.value.errors) == 3
