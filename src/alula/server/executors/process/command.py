"""The command line of an attempt: that of its task's container, with the template variables filled in. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.template import render_all
from alula.server.executor import AttemptSpec
from alula.server.executors.command import INPUT, template_values


def command_of(spec: AttemptSpec) -> list[str]:
    """Raises `InvalidInput` for a task that is no container, or whose inputs and outputs need a container's files."""
    words = check_target(spec.task)
    return render_all(words, template_values(spec, words))


def check_target(task: tasks_pb2.TaskTemplate) -> list[str]:
    """The words of a task's command, before its variables are filled in. Raises the same."""
    if task.WhichOneof("target") != "container":
        is_pod = task.HasField("k8s_pod")
        raise _unsupported(
            task, "runs as a pod of Kubernetes" if is_pod else "has no container, so there is no command to run"
        )
    words = [*task.container.command, *task.container.args]
    if task.container.data_config.enabled and (files := _files(task, words)):
        raise _unsupported(task, f"needs files of a container for {files}; a process has none")
    return words


def _files(task: tasks_pb2.TaskTemplate, words: Sequence[str]) -> str:
    """The files that Flyte's copilot would have to bring to the container or fetch from it: every output, and each
    input that the command does not name itself."""
    named = {match.lower() for word in words for match in INPUT.findall(word)}
    folder = task.container.data_config.input_path.rstrip("/")
    reads_folder = bool(folder) and any(folder in word for word in words)
    inputs = [name for name in task.interface.inputs.variables if reads_folder or name.lower() not in named]
    wanted = [*(f"input `{name}`" for name in sorted(inputs))]
    wanted += [f"output `{name}`" for name in sorted(task.interface.outputs.variables)]
    return ", ".join(wanted)


def _unsupported(task: tasks_pb2.TaskTemplate, why: str) -> InvalidInput:
    return InvalidInput(
        "UnsupportedTask",
        f"task {task.id.name} of type {task.type!r} {why}",
        fix="run it on a platform with an executor for containers",
    )
