"""The places of a raw container's files, and which outputs files can be. Pure."""

from __future__ import annotations

from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.casting import explain_type
from alula.core.literals.raw_text import can_be_file
from alula.core.policy.target import data_config_of

DEFAULT_INPUTS, DEFAULT_OUTPUTS = "/var/flyte/inputs", "/var/flyte/outputs"
"""Where Flyte's copilot puts files for a task that names no folders."""


def is_raw(task: tasks_pb2.TaskTemplate) -> bool:
    return data_config_of(task).enabled


def inputs_path(task: tasks_pb2.TaskTemplate) -> str:
    """The folder of inputs, as the container sees it."""
    return data_config_of(task).input_path.rstrip("/") or DEFAULT_INPUTS


def outputs_path(task: tasks_pb2.TaskTemplate) -> str:
    """The folder of outputs, as the container sees it."""
    return data_config_of(task).output_path.rstrip("/") or DEFAULT_OUTPUTS


def check_outputs(task: tasks_pb2.TaskTemplate) -> None:
    """Raises `InvalidInput` for a task whose outputs can't be read from files."""
    for name, variable in sorted(task.interface.outputs.variables.items()):
        if not variable.type.HasField("blob") and not can_be_file(variable.type):
            raise InvalidInput(
                "UnsupportedTask",
                f"output {name} of {task.id.name} is of type {explain_type(variable.type)}, which a container "
                "can't give as a file",
                fix="declare a number, a text, a time, an enum, a structure, a file or a folder",
            )
