"""The outputs of a raw container, read from files as all that tasks leave: regular files only, no links, limits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

from flyteidl.core import literals_pb2, tasks_pb2, types_pb2

from alula.core.errors import TaskError
from alula.core.literals.casting import explain_type, is_none
from alula.core.literals.raw_text import NotAValue, uri_of_file, value_of_file
from alula.core.policy.outcome import OutcomeCode
from alula.server.executors.raw.task import outputs_path, takes_objects
from alula.server.untrusted import Tree, Unreadable

ERROR = "error.pb"
"""The file by which a container says in plain text why it has failed. Flyte's name."""
ERROR_MAX_BYTES = VALUE_MAX_BYTES = 1 << 20
FILES_MAX = 100_000
"""Most files of one folder that is an output."""
_MULTIPART = types_pb2.BlobType.MULTIPART
Take: TypeAlias = Callable[[int, str], Awaitable[None]]
"""Makes an open file the object of a URI."""


class Failed(Exception):
    """A container has failed by what it has left, or has not; carries the failure."""

    def __init__(self, error: TaskError) -> None:
        super().__init__(error.message)
        self.error = error


def said(folder: str) -> TaskError | None:
    """The failure that a container has written down; None if there is none. Raises `Failed`."""
    if not os.path.lexists(f"{folder}/{ERROR}"):
        return None
    try:
        with Tree(folder).folder(folder) as opened:
            text = (opened.read(ERROR, limit_bytes=ERROR_MAX_BYTES) or b"").decode(errors="replace").strip()
    except Unreadable as unreadable:
        raise Failed(_unreadable(ERROR, str(unreadable))) from unreadable
    return TaskError("ContainerSays", text or f"the container wrote an empty file {ERROR}")


async def read_outputs(
    task: tasks_pb2.TaskTemplate, folder: str, prefix: str, take: Take, *, limit_bytes: int
) -> literals_pb2.LiteralMap:
    """The outputs in a folder. Files become objects under a prefix. Raises `Failed`, and the errors of the store."""
    values, left = literals_pb2.LiteralMap(), limit_bytes
    for name, variable in sorted(task.interface.outputs.variables.items()):
        literal = await _output(task, folder, prefix, take, name, variable.type)
        left -= literal.ByteSize()
        if left < 0:
            raise Failed(_unreadable(name, f"the outputs have more than {limit_bytes:,} bytes together"))
        values.literals[name].CopyFrom(literal)
    return values


async def _output(
    task: tasks_pb2.TaskTemplate, folder: str, prefix: str, take: Take, name: str, expected: types_pb2.LiteralType
) -> literals_pb2.Literal:
    path = f"{folder}/{name}"
    if not os.path.lexists(path):
        if is_none(expected):
            return literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
        why = f"the container ended well, but wrote no {outputs_path(task)}/{name} for output {name}"
        raise Failed(TaskError(OutcomeCode.OUTPUTS_NOT_FOUND, why, recoverable=True))
    try:
        if expected.HasField("blob") and takes_objects(task):
            return await _taken(path, f"{prefix}/{name}", take, expected)
        content = await asyncio.to_thread(_content, folder, name)
        return _blob(uri_of_file(content), expected) if expected.HasField("blob") else value_of_file(content, expected)
    except NotAValue as wrong:
        told = f"output {name} is not of type {explain_type(expected)}: {wrong}"
        raise Failed(TaskError(OutcomeCode.WRONG_OUTPUTS, told)) from wrong
    except Unreadable as unreadable:
        raise Failed(_unreadable(name, str(unreadable))) from unreadable


async def _taken(path: str, uri: str, take: Take, expected: types_pb2.LiteralType) -> literals_pb2.Literal:
    """Make a file, or all files of a folder, objects."""
    wants_folder = expected.blob.dimensionality == _MULTIPART
    if wants_folder != (os.path.isdir(path) and not os.path.islink(path)):
        raise NotAValue("it is a file" if wants_folder else "it is no file")
    tree = Tree(path if wants_folder else os.path.dirname(path))
    for number, (name, below) in enumerate(_files_of(path) if wants_folder else [(path, "")]):
        if number == FILES_MAX:
            raise Unreadable(f"{path} has more than {FILES_MAX:,} files")
        file = tree.open(name)
        try:
            await take(file, f"{uri}/{below}" if below else uri)
        finally:
            os.close(file)
    return _blob(uri, expected)


def _blob(uri: str, expected: types_pb2.LiteralType) -> literals_pb2.Literal:
    metadata = literals_pb2.BlobMetadata(type=expected.blob)
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri, metadata=metadata)))


def _content(folder: str, name: str) -> bytes:
    with Tree(folder).folder(folder) as opened:
        return opened.read(name, limit_bytes=VALUE_MAX_BYTES) or b""


def _unreadable(name: str, why: str) -> TaskError:
    return TaskError(OutcomeCode.OUTPUTS_NOT_READABLE, f"output {name} can't be read: {why}", recoverable=True)


def _files_of(path: str) -> Iterator[tuple[str, str]]:
    """The files below a folder, each with its path there. Links are left out."""
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            file = f"{folder}/{name}"
            if not os.path.islink(file):
                yield file, os.path.relpath(file, path)
