"""Compiling a task on its own."""

import pytest
from flyteidl.core import interface_pb2, tasks_pb2
from tests.graphs import task

from alula.core.compiler import Code, CompileErrors, compile_task


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
        Code.INVALID_VALUE,
    ]
    assert "potato" in str(caught.value)
