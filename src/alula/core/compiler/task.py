"""Compiling a task: that its template says what every task must."""

from __future__ import annotations

from flyteidl.core import compiler_pb2, tasks_pb2

from alula.core.compiler.entities import types_of
from alula.core.compiler.errors import Code, CompileErrors, Findings
from alula.core.compiler.interfaces import check_interface
from alula.core.compiler.scope import one_of
from alula.core.errors import InvalidInput
from alula.core.ids import entity_id
from alula.core.policy.resources import resolve_resources


def compile_task(template: tasks_pb2.TaskTemplate) -> compiler_pb2.CompiledTask:
    """Check a task on its own; its template is kept as it is.

    Raises:
        CompileErrors: everything that is wrong with it.
    """
    findings = Findings()
    if not template.id.name:
        findings.add(Code.VALUE_REQUIRED, "", "the task has no name; set its id")
    if not template.type:
        findings.add(Code.VALUE_REQUIRED, "", "the task has no type; set it, for example to `python-task`")
    check_interface(template.interface, findings)
    timeout = template.metadata.timeout
    if timeout.seconds < 0 or timeout.nanos < 0:
        findings.add(Code.INVALID_VALUE, "", "the timeout is negative; give a positive duration")
    inputs = types_of(template.interface.inputs)
    for name in template.metadata.cache_ignore_input_vars:
        if name not in inputs:
            findings.add(
                Code.VARIABLE_NAME_NOT_FOUND,
                "",
                f"the cache is to ignore `{name}`, which is not an input; use {one_of(inputs)}",
            )
    try:
        resolve_resources(template)
    except InvalidInput as wrong:
        findings.add(Code.INVALID_VALUE, "", str(wrong))
    if findings.errors():
        raise CompileErrors(str(entity_id(template.id)), findings.errors())
    return compiler_pb2.CompiledTask(template=template)
