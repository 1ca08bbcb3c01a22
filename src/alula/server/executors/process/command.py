"""The command line of an attempt: that of its task's container, with the template variables filled in. Pure."""

from __future__ import annotations

from alula.core.errors import InvalidInput
from alula.server.executor import AttemptSpec


def command_of(spec: AttemptSpec) -> list[str]:
    """Raises `InvalidInput` for a task that is not a container."""
    if spec.task.WhichOneof("target") != "container":
        raise InvalidInput("UnsupportedTask", f"task {spec.task.id.name} of type {spec.task.type} has no container")
    return [*spec.task.container.command, *spec.task.container.args]
