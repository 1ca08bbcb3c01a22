"""Logs that attempts on this machine write to files.

A file grows while its attempt runs, and is read as it is. Where the objects of the platform are elsewhere it becomes
one of them after the end, and is removed here: a log that is not here is looked for among these (`otherwise`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from alula.core.errors import Unavailable
from alula.server.blob import Blobs
from alula.server.log import Logs, LogSource
from alula.server.services import layout
from alula.server.staging import Staging
from alula.server.untrusted import Tree, Unreadable

PIECE_BYTES = 256 * 1024


class FileLogs:
    """The `Logs` of attempts whose executor writes the file that stands for `layout.log_uri`."""

    def __init__(self, blobs: Blobs, staging: Staging, otherwise: Logs) -> None:
        self._blobs = blobs
        self._staging = staging
        self._tree = Tree(staging.folder)
        self._otherwise = otherwise

    async def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        file = self._open(source)
        if file is None:
            async for piece in self._otherwise.read(source, offset=offset):
                yield piece
            return
        try:
            while piece := await asyncio.to_thread(os.pread, file, PIECE_BYTES, offset):
                offset += len(piece)
                yield piece
        finally:
            os.close(file)

    async def size(self, source: LogSource) -> int:
        file = self._open(source)
        if file is None:
            return await self._otherwise.size(source)
        try:
            return os.fstat(file).st_size
        finally:
            os.close(file)

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        return await self.size(source) > offset

    def _open(self, source: LogSource) -> int | None:
        """A descriptor; None if there is no file, or if a task has put something else in the place of its log."""
        path = self._staging.path(layout.log_uri(self._blobs, source.attempt, incarnation=source.incarnation))
        try:
            return self._tree.open(path)
        except (FileNotFoundError, Unreadable):
            return None
        except OSError as error:
            raise Unavailable("LogUnavailable", f"the log {path} can't be read now: {error}") from error
