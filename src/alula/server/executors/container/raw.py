"""Raw containers: tasks of any language, whose inputs and outputs are files.

The platform writes the inputs before the container begins, and reads the outputs when it has ended, so that nothing of
Flyte or Alula has to be in the image. What a container leaves is read as all that tasks leave: regular files only, no
links, limits.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import yaml
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2

from alula.core.errors import InvalidInput, NotFound, TaskError
from alula.core.literals.casting import explain_type, is_none
from alula.core.literals.raw_files import Copy, documents, input_files
from alula.core.literals.raw_text import NotAValue, can_be_file, value_of_file
from alula.core.policy.outcome import Outcome, OutcomeCode
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.executors.container.build import Mount
from alula.server.executors.container.folders import Folders
from alula.server.executors.progress import Ended
from alula.server.executors.results import Results, interpreted
from alula.server.untrusted import Tree, Unreadable

INPUTS, OUTPUTS = "inputs", "outputs"
DEFAULT_INPUTS, DEFAULT_OUTPUTS = "/var/flyte/inputs", "/var/flyte/outputs"
"""Where Flyte's copilot puts files for a task that names no folders."""
ERROR = "error.pb"
"""The file by which a container says in plain text why it has failed. Flyte's name."""
ERROR_MAX_BYTES = VALUE_MAX_BYTES = 1 << 20
FILES_MAX = 100_000
"""Most files of one folder that is an output."""
PIECE_BYTES = 1 << 20
_MULTIPART = types_pb2.BlobType.MULTIPART
_FORMATS = tasks_pb2.DataLoadingConfig


class Failed(Exception):
    """A container has ended well, and its outputs are not what its task declares; carries the failure."""

    def __init__(self, error: TaskError) -> None:
        super().__init__(error.message)
        self.error = error


def is_raw(spec: AttemptSpec) -> bool:
    return spec.task.container.data_config.enabled


class RawFiles:
    """The files of raw containers, in the `folders` of an executor."""

    def __init__(self, folders: Folders, blobs: Blobs, *, limit_bytes: int) -> None:
        self._folders = folders
        self._blobs = blobs
        self._limit_bytes = limit_bytes

    async def write(self, key: str, spec: AttemptSpec) -> tuple[Mount, ...]:
        """Write the inputs of an attempt. Gives the mounts of its folders. Raises `InvalidInput` for inputs that can't
        be files or outputs that none can be read from, OSError, and the errors of the store."""
        check_outputs(spec)
        config, folder = spec.task.container.data_config, self._folders.of(key)
        seen = config.input_path.rstrip("/") or DEFAULT_INPUTS
        files = input_files(literals_pb2.LiteralMap.FromString(spec.inputs), seen)
        texts = {**files.texts, "inputs.pb": files.values.SerializeToString(deterministic=True)}
        if config.format == _FORMATS.JSON:
            texts["inputs.json"] = json.dumps(documents(files), ensure_ascii=False, indent=2, default=str).encode()
        elif config.format == _FORMATS.YAML:
            texts["inputs.yaml"] = yaml.safe_dump(documents(files), allow_unicode=True).encode()  # pyright: ignore[reportUnknownMemberType]
        await asyncio.to_thread(_write_all, folder / INPUTS, files.folders, texts)
        for copy in files.copies:
            await self._copy(folder / INPUTS / copy.path, copy)
        outputs = folder / OUTPUTS
        outputs.mkdir()
        outputs.chmod(0o777)  # whatever user the image has; the folder above it is closed to others
        return Mount(str(folder / INPUTS), seen, read_only=True), Mount(str(outputs), outputs_path(spec))

    async def _copy(self, place: Path, copy: Copy) -> None:
        """Bring an object, or all under a prefix, to its place."""
        if await asyncio.to_thread(self._folders.link, copy.uri, place):
            return
        try:
            if not copy.is_folder or await self._blobs.size(copy.uri) is not None:
                await self._fetch(place, copy.uri)
                return
            await self._fetch_all(place, copy.uri.rstrip("/"))
        except NotFound as error:
            why = f"input {copy.path} of the container is not there: {copy.uri}"
            raise InvalidInput("InputNotFound", why, fix="run the task that made it again") from error

    async def _fetch_all(self, place: Path, prefix: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        found = await self._blobs.list(prefix)
        while found:
            for uri in found:
                await self._fetch(place / uri.removeprefix(f"{prefix}/"), uri)
            found = await self._blobs.list(prefix, after=found[-1])

    async def _fetch(self, place: Path, uri: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(place, "xb") as file:
            async for piece in self._blobs.read(uri):
                await asyncio.to_thread(file.write, piece)

    async def outcome_of(self, spec: AttemptSpec, ended: Ended, folder: str) -> Outcome:
        """The outcome of an attempt that has left its outputs in a folder of this machine. Raises the errors of the
        store."""
        if ended.error is not None:
            return ended.error
        outputs = b""
        try:
            said = await asyncio.to_thread(_said, folder)
            if said is not None:
                return TaskError("ContainerSays", said or f"the container wrote an empty file {ERROR}")
            if ended.exit_code == 0:
                outputs = (await self._read(spec, folder)).SerializeToString(deterministic=True)
        except Failed as failed:
            return failed.error
        return await asyncio.to_thread(
            interpreted,
            spec,
            Results(outputs=outputs),
            exit_code=ended.exit_code,
            out_of_memory=ended.out_of_memory and ended.exit_code != 0,
            last_log_line=ended.last_line,
        )

    async def _read(self, spec: AttemptSpec, folder: str) -> literals_pb2.LiteralMap:
        values, left = literals_pb2.LiteralMap(), self._limit_bytes
        for name, variable in sorted(spec.task.interface.outputs.variables.items()):
            literal = await self._output(spec, folder, name, variable.type)
            left -= literal.ByteSize()
            if left < 0:
                raise Failed(_unreadable(name, f"the outputs have more than {self._limit_bytes:,} bytes together"))
            values.literals[name].CopyFrom(literal)
        return values

    async def _output(
        self, spec: AttemptSpec, folder: str, name: str, expected: types_pb2.LiteralType
    ) -> literals_pb2.Literal:
        path = f"{folder}/{name}"
        if not os.path.lexists(path):
            if is_none(expected):
                return literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
            where = f"{outputs_path(spec)}/{name}"
            raise Failed(
                TaskError(
                    OutcomeCode.OUTPUTS_NOT_FOUND,
                    f"the container ended well, but wrote no {where} for output {name}",
                    recoverable=True,
                )
            )
        try:
            if expected.HasField("blob"):
                return await self._upload(spec, path, name, expected)
            content = await asyncio.to_thread(_content, folder, name)
            return value_of_file(content, expected)
        except NotAValue as wrong:
            told = f"output {name} is not of type {explain_type(expected)}: {wrong}"
            raise Failed(TaskError(OutcomeCode.WRONG_OUTPUTS, told)) from wrong
        except Unreadable as unreadable:
            raise Failed(_unreadable(name, str(unreadable))) from unreadable

    async def _upload(
        self, spec: AttemptSpec, path: str, name: str, expected: types_pb2.LiteralType
    ) -> literals_pb2.Literal:
        """Put a file, or all files of a folder, among the attempt's data."""
        uri = f"{spec.raw_prefix}/{name}"
        wants_folder = expected.blob.dimensionality == _MULTIPART
        if wants_folder != (os.path.isdir(path) and not os.path.islink(path)):
            raise NotAValue("it is a file" if wants_folder else "it is no file")
        tree = Tree(path if wants_folder else os.path.dirname(path))
        for number, (file, below) in enumerate(_files_of(path) if wants_folder else [(path, "")]):
            if number == FILES_MAX:
                raise Unreadable(f"{path} has more than {FILES_MAX:,} files")
            await self._blobs.put_stream(f"{uri}/{below}" if below else uri, _pieces(tree, file))
        metadata = literals_pb2.BlobMetadata(type=expected.blob)
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri, metadata=metadata)))


def check_outputs(spec: AttemptSpec) -> None:
    """Raises `InvalidInput` for a task whose outputs can't be read from files."""
    for name, variable in sorted(spec.task.interface.outputs.variables.items()):
        if not variable.type.HasField("blob") and not can_be_file(variable.type):
            raise InvalidInput(
                "UnsupportedTask",
                f"output {name} of {spec.task.id.name} is of type {explain_type(variable.type)}, which a container "
                "can't give as a file",
                fix="declare a number, a text, a time, an enum, a structure, a file or a folder",
            )


def outputs_path(spec: AttemptSpec) -> str:
    """The folder of outputs, as the container sees it."""
    return spec.task.container.data_config.output_path.rstrip("/") or DEFAULT_OUTPUTS


def _write_all(folder: Path, folders: list[str], texts: dict[str, bytes]) -> None:
    folder.mkdir()
    for path in folders:
        (folder / path).mkdir(parents=True)
    for path, text in texts.items():
        (folder / path).write_bytes(text)


def _said(folder: str) -> str | None:
    """The reason that a container gives for its failure; None if it gives none. Raises `Failed`."""
    if not os.path.lexists(f"{folder}/{ERROR}"):
        return None
    try:
        with Tree(folder).folder(folder) as opened:
            return (opened.read(ERROR, limit_bytes=ERROR_MAX_BYTES) or b"").decode(errors="replace").strip()
    except Unreadable as unreadable:
        raise Failed(_unreadable(ERROR, str(unreadable))) from unreadable


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


async def _pieces(tree: Tree, path: str) -> AsyncIterator[bytes]:
    file = tree.open(path)
    try:
        while piece := await asyncio.to_thread(os.read, file, PIECE_BYTES):
            yield piece
    finally:
        os.close(file)
