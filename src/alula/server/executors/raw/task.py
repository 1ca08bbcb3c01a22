"""The places of a raw container's files, and which of them are moved how. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import tasks_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.casting import explain_type
from alula.core.literals.raw_text import can_be_file
from alula.core.policy.target import data_config_of

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

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


def brings_objects(task: tasks_pb2.TaskTemplate) -> bool:
    """False for a task that gets the URIs of files, folders and data sets in their place."""
    return data_config_of(task).io_strategy.download_mode != tasks_pb2.IOStrategy.DO_NOT_DOWNLOAD


def takes_objects(task: tasks_pb2.TaskTemplate) -> bool:
    """False for a task that leaves the URIs of files and folders in their place."""
    return data_config_of(task).io_strategy.upload_mode != tasks_pb2.IOStrategy.DO_NOT_UPLOAD


def check_files(task: tasks_pb2.TaskTemplate) -> None:
    """Raises `InvalidInput` for a task whose files can't be moved as it wants, or whose outputs no file can be."""
    asked = data_config_of(task).io_strategy
    _check_mode(task, tasks_pb2.IOStrategy.DownloadMode, asked.download_mode, "DOWNLOAD_EAGER", "DO_NOT_DOWNLOAD")
    _check_mode(task, tasks_pb2.IOStrategy.UploadMode, asked.upload_mode, "UPLOAD_ON_EXIT", "DO_NOT_UPLOAD")
    for name, variable in sorted(task.interface.outputs.variables.items()):
        if not variable.type.HasField("blob") and not can_be_file(variable.type):
            raise InvalidInput(
                "UnsupportedTask",
                f"output {name} of {task.id.name} is of type {explain_type(variable.type)}, which a container "
                "can't give as a file",
                fix="declare a number, a text, a time, an enum, a structure, a file or a folder",
            )


def _check_mode(task: tasks_pb2.TaskTemplate, modes: EnumTypeWrapper, asked: int, *known: str) -> None:
    if asked not in map(modes.Value, known):
        name = modes.Name(asked) if asked in modes.values() else str(asked)
        raise InvalidInput(
            "UnsupportedTask",
            f"the `io_strategy` of {task.id.name} is {name}, but files are moved before the container begins and after "
            "it has ended, not meanwhile",
            fix=f"set it to {known[0]} or leave it out, or to {known[1]} and have the container move its data itself",
        )
