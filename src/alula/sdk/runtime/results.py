"""The files of an attempt: `inputs.pb` in; `outputs.pb`, `futures.pb` or `error.pb`, and `deck.html`, out.

Each is written under a temporary name and renamed, or as one object, so that a file that is there is whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from flyteidl.core.errors_pb2 import ContainerError, ErrorDocument
from flyteidl.core.execution_pb2 import ExecutionError
from flyteidl.core.literals_pb2 import LiteralMap
from google.protobuf.message import DecodeError

from alula.core.errors import TaskError
from alula.sdk.runtime.failure import TaskFailed, system_failure
from alula.sdk.store import is_local, is_object, local_path, object_files, scheme_of

if TYPE_CHECKING:
    from flyteidl.core.dynamic_job_pb2 import DynamicJobSpec

_READ_BYTES = 1 << 12
"""Enough for most; a larger buffer would be fresh memory in every forked process."""


def read_inputs(uri: str) -> LiteralMap:
    """The inputs of the attempt. Raises `TaskFailed` of kind SYSTEM."""
    inputs = LiteralMap()
    try:
        inputs.ParseFromString(read(uri))
    except (OSError, DecodeError) as error:
        raise TaskFailed(system_failure("DownloadDataError", f"can't read the inputs {uri}", error)) from error
    return inputs


def read_lists(inputs: LiteralMap, bound: Collection[str]) -> LiteralMap:
    """The inputs of a whole array with the lists in their places that were put aside, in place. Raises `TaskFailed` of
    kind SYSTEM."""
    for name in inputs.literals:
        literal = inputs.literals[name]
        if name not in bound and literal.HasField("offloaded_metadata"):
            uri = literal.offloaded_metadata.uri
            try:
                literal.ParseFromString(read(uri))
            except (OSError, DecodeError) as error:
                what = f"can't read input `{name}` from {uri}"
                raise TaskFailed(system_failure("DownloadDataError", what, error)) from error
    return inputs


def write_outputs(prefix: str, outputs: LiteralMap) -> None:
    """Raises `TaskFailed` of kind SYSTEM."""
    try:
        _write(prefix, "outputs.pb", outputs.SerializeToString(deterministic=True))
    except OSError as error:
        raise TaskFailed(system_failure("UploadDataError", f"can't write the outputs to {prefix}", error)) from error


def write_graph(prefix: str, graph: DynamicJobSpec) -> None:
    """Write the graph that a dynamic task leaves instead of outputs. Raises `TaskFailed` of kind SYSTEM."""
    try:
        _write(prefix, "futures.pb", graph.SerializeToString(deterministic=True))
    except OSError as error:
        raise TaskFailed(system_failure("UploadDataError", f"can't write the graph to {prefix}", error)) from error


def write_error(prefix: str, error: TaskError) -> None:
    """Raises `OSError`."""
    document = ErrorDocument(
        error=ContainerError(
            code=error.code,
            message=error.message,
            kind=ContainerError.RECOVERABLE if error.recoverable else ContainerError.NON_RECOVERABLE,
            origin=ExecutionError.USER if error.kind == "USER" else ExecutionError.SYSTEM,
        )
    )
    document.error.timestamp.FromNanoseconds(time.time_ns())
    _write(prefix, "error.pb", document.SerializeToString(deterministic=True))


def write_deck(prefix: str, page: str) -> None:
    """Raises `OSError`."""
    _write(prefix, "deck.html", page.encode("utf-8", "backslashreplace"))


def read(uri: str) -> bytes:
    """All of a file or object. Raises `OSError`."""
    if is_object(uri):
        return object_files().read(uri)
    path = uri if uri.startswith("/") else _path(uri)
    if not path:
        from urllib.request import urlopen  # lazy: a task's own files are nearly always local

        with urlopen(uri, timeout=60) as response:
            return response.read()
    # Without `open`, whose layers of buffers are more work than these few bytes.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(file, _READ_BYTES)
        if len(data) == _READ_BYTES:
            pieces = [data]
            while piece := os.read(file, 1 << 20):
                pieces.append(piece)
            data = b"".join(pieces)
        return data
    finally:
        os.close(file)


def _path(uri: str) -> str:
    """The path of a file on this machine; empty for one to fetch. Raises `OSError` for one that can't be reached."""
    if is_local(uri):
        return local_path(uri)
    if scheme_of(uri) in ("http", "https"):
        return ""
    raise OSError(f"there is no way to read {scheme_of(uri)}:// here")


def _write(prefix: str, name: str, data: bytes) -> None:
    if not prefix.startswith("/"):
        if is_object(prefix):
            object_files().write(f"{prefix.rstrip('/')}/{name}", data)
            return
        if not is_local(prefix):
            raise OSError(f"there is no way to write {scheme_of(prefix)}:// here")
        prefix = local_path(prefix)
    folder = prefix.rstrip("/")
    temporary = f"{folder}/.{name}.{os.getpid()}"
    try:
        file = _create(temporary)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
        file = _create(temporary)
    try:
        while data:  # a disk that is nearly full takes a part
            data = data[os.write(file, data) :]
        os.rename(temporary, f"{folder}/{name}")
    except OSError:
        os.unlink(temporary)  # on a full disk the next file may need its room
        raise
    finally:
        os.close(file)


def _create(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
