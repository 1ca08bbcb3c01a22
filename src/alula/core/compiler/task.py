"""The compilation of a task: its template is checked, and kept as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flyteidl.core import compiler_pb2, tasks_pb2

from alula.core.compiler.durations import check_duration
from alula.core.compiler.entities import types_of
from alula.core.compiler.errors import Code, CompileErrors, Findings
from alula.core.compiler.interfaces import check_interface
from alula.core.compiler.scope import one_of
from alula.core.compiler.settings import check_resources
from alula.core.compiler.texts import check_text
from alula.core.errors import InvalidInput
from alula.core.ids import entity_id
from alula.core.literals.structs import plain_struct
from alula.core.policy.echo import renaming_of

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


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
    check_text(template.type, "the task's type", "", findings)
    check_text(template.metadata.discovery_version, "the cache version", "", findings)
    check_interface(template.interface, findings)
    check_duration(template.metadata.timeout, "the timeout", "", findings)
    inputs = types_of(template.interface.inputs)
    for name in template.metadata.cache_ignore_input_vars:
        if name not in inputs:
            findings.add(
                Code.VARIABLE_NAME_NOT_FOUND,
                "",
                f"the cache is to ignore `{name}`, which is not an input; use {one_of(inputs)}",
            )
    if template.HasField("container"):
        _check_container(template, findings)
    elif template.HasField("k8s_pod"):
        _check_pod(template.k8s_pod, findings)
    check_resources(template, None, "", findings)
    try:
        renaming_of(template)
    except InvalidInput as wrong:
        findings.add(Code.MISMATCHING_TYPES, "", str(wrong))
    if findings.errors():
        raise CompileErrors(str(entity_id(template.id)), findings.errors(), kind="task")
    return compiler_pb2.CompiledTask(template=template)


def _check_container(template: tasks_pb2.TaskTemplate, findings: Findings) -> None:
    if not template.container.image:
        findings.add(Code.VALUE_REQUIRED, "", "the container has no image; name one")
    takes_part = template.interface.inputs.variables or template.interface.outputs.variables
    if takes_part and not (template.container.command or template.container.args):
        findings.add(
            Code.VALUE_REQUIRED,
            "",
            "the container has no command, so that nothing reads the inputs and writes the outputs; set `command` or "
            "`args`",
        )


def _check_pod(pod: tasks_pb2.K8sPod, findings: Findings) -> None:
    containers = plain_struct(pod.pod_spec).get("containers")
    for container in containers if isinstance(containers, Sequence) else ():
        name = container.get("name") if isinstance(container, Mapping) else None
        if not isinstance(name, str) or _LABEL.fullmatch(name) is None:
            findings.add(
                Code.INVALID_VALUE,
                "",
                f"a container of the pod is named `{name or ''}`; use at most 63 lower-case letters, digits and dashes",
            )
