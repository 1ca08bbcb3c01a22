"""Runs that are exported to a file, and imported from one."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from alula.core.ids import ExecutionId
from alula.core.policy.run_file import MANIFEST, MANIFEST_MAX_BYTES, Manifest, damaged, read_manifest
from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.own import own_url

SILENCE_S = 3600.0
"""A large run is gathered before its first byte comes, and checked after its last one was sent."""
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, RuntimeError, EOFError, KeyError)

Progress = Callable[[int], None]
"""Told of each piece how many bytes have been moved."""


def export_run(
    connection: Connection,
    id: ExecutionId,
    path: Path,
    *,
    with_data: bool = True,
    progress: Progress = lambda _: None,
) -> None:
    """Write a run to a file, which appears when it is whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    url = own_url(connection, "export", *id, data="" if with_data else "0")
    try:
        with partial.open("wb") as file:
            moved = 0
            for piece in http.stream_pieces(url, timeout_s=SILENCE_S):
                file.write(piece)
                moved += len(piece)
                progress(moved)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def import_run(
    connection: Connection, path: Path, project: str, domain: str, *, progress: Progress = lambda _: None
) -> tuple[ExecutionId, bool]:
    """Send a file to a platform. The run there, and True if it was not there before."""
    with path.open("rb") as file:
        url, size = own_url(connection, "import", project, domain), path.stat().st_size
        answer = json.loads(http.post_file(url, _Told(file, progress), size, timeout_s=SILENCE_S))
    return ExecutionId(answer["project"], answer["domain"], answer["name"]), answer["is_new"]


def manifest_of(path: Path) -> Manifest:
    """The contents of a file. Raises `InvalidInput` if it is none of a run, or damaged."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(zipfile.ZipFile(path))
            if file.getinfo(MANIFEST).file_size > MANIFEST_MAX_BYTES:
                raise damaged("its manifest is too large")
            data = file.read(MANIFEST)
        except _UNREADABLE as error:
            raise damaged(str(error)) from error
    return read_manifest(data)


class _Told:
    """A file that tells how far it was read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._moved = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._moved += len(piece)
        self._progress(self._moved)
        return piece
