"""The command line of an attempt: that of its task's container, with the template variables filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flyteidl.core import literals_pb2, tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.ids import unique_key
from alula.core.policy.template import TemplateValues, render_all
from alula.server.executor import AttemptSpec
from alula.server.executors.process.files import template_path

_INPUT = re.compile(r"\{\{\s*[.$]inputs\.([^{}\s]+)\s*\}\}", re.IGNORECASE)
_KEY = re.compile(r"\{\{\s*[.$]perRetryUniqueKey", re.IGNORECASE)


def command_of(spec: AttemptSpec) -> list[str]:
    """Raises `InvalidInput` for a task that is no container, or whose inputs and outputs need a container's files."""
    task = spec.task
    if task.WhichOneof("target") != "container":
        is_pod = task.HasField("k8s_pod")
        raise _unsupported(
            spec, "runs as a pod of Kubernetes" if is_pod else "has no container, so there is no command to run"
        )
    words = [*task.container.command, *task.container.args]
    if task.container.data_config.enabled and (files := _files(task, words)):
        raise _unsupported(spec, f"needs files of a container for {files}; a process has none")
    return render_all(words, template_values(spec, words))


def _files(task: tasks_pb2.TaskTemplate, words: Sequence[str]) -> str:
    """The files that Flyte's copilot would have to bring to the container or fetch from it: every output, and each
    input that the command does not name itself."""
    named = {match.lower() for word in words for match in _INPUT.findall(word)}
    folder = task.container.data_config.input_path.rstrip("/")
    reads_folder = bool(folder) and any(folder in word for word in words)
    inputs = [name for name in task.interface.inputs.variables if reads_folder or name.lower() not in named]
    wanted = [*(f"input `{name}`" for name in sorted(inputs))]
    wanted += [f"output `{name}`" for name in sorted(task.interface.outputs.variables)]
    return ", ".join(wanted)


def _unsupported(spec: AttemptSpec, why: str) -> InvalidInput:
    return InvalidInput(
        "UnsupportedTask",
        f"task {spec.task.id.name} of type {spec.task.type!r} {why}",
        fix="run it on a platform with an executor for containers",
    )


def template_values(spec: AttemptSpec, words: Sequence[str]) -> TemplateValues:
    """The values of the template variables in a command, but for those that take work and that it does not name."""
    text = " ".join(words)
    names_inputs, names_key = _INPUT.search(text), _KEY.search(text)
    return TemplateValues(
        input=spec.input_uri,
        output_prefix=spec.output_prefix,
        raw_output_data_prefix=spec.raw_prefix,
        checkpoint_output_prefix=spec.checkpoint_prefix,
        prev_checkpoint_prefix=spec.previous_checkpoint_prefix,
        per_retry_unique_key=unique_key(spec.id, spec.incarnation) if names_key else "",
        task_template_path=template_path(spec),
        namespace=f"{spec.id.execution.project}-{spec.id.execution.domain}",
        inputs=literals_pb2.LiteralMap.FromString(spec.inputs) if names_inputs else None,
    )
