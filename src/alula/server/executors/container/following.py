"""The output of a container, followed into the log of its attempt.

A runtime gives the whole output from its beginning. So what the log has already, of an earlier life of the platform, is
left out of it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

from alula.server.executors.container.engine import Engine
from alula.server.untrusted import Tree, Unreadable

HEADER_BYTES = 8
LAST_BYTES = 4096
"""The part of the end of an output that is kept for messages."""


class TooMuch(Exception):
    """A container has written more than it may."""


class Frames:
    """The pieces of standard output and error in a stream of frames, in the order in which they were written."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The whole frames that there are with this data."""
        self._buffer += data
        while len(self._buffer) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(self._buffer[4:HEADER_BYTES], "big")
            if len(self._buffer) < end:
                return
            yield bytes(self._buffer[HEADER_BYTES:end])
            del self._buffer[:end]


class Log:
    """The log of one attempt, open to be written."""

    def __init__(self, file: int, limit_bytes: int) -> None:
        self._file = file
        self._limit_bytes = limit_bytes
        self._last = b""

    @classmethod
    def open(cls, path: str, tree: Tree, *, limit_bytes: int) -> Log:
        """That of a file, which is made if it is not there. Raises OSError.

        A task may have put something else in its place: then its output goes nowhere.
        """
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            try:
                file = tree.open(path, flags=os.O_RDWR)
            except Unreadable:
                file = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        return cls(file, limit_bytes)

    def close(self) -> None:
        os.close(self._file)

    @property
    def last_line(self) -> str:
        return self._last.decode(errors="replace").strip().rpartition("\n")[2]

    async def follow(self, engine: Engine, container: str) -> None:
        """Write what a container writes, until it ends. Raises `TooMuch`, OSError, and the errors of the runtime."""
        frames, place = Frames(), 0
        query = {"follow": "1", "stdout": "1", "stderr": "1"}
        stream = engine.stream("GET", f"/containers/{container}/logs", query=query)
        async with aclosing(stream):
            async for data in stream:
                for piece in frames.pieces(data):
                    self._write(piece, place)
                    place += len(piece)
                    if place > self._limit_bytes:
                        raise TooMuch

    def _write(self, piece: bytes, place: int) -> None:
        self._last = (self._last + piece)[-LAST_BYTES:]
        known = os.fstat(self._file).st_size - place
        if known >= len(piece):
            return
        view = memoryview(piece)[max(known, 0) : max(self._limit_bytes - place, 0)]
        place += max(known, 0)
        while view:
            written = os.pwrite(self._file, view, place)
            view, place = view[written:], place + written

    async def pieces(self) -> AsyncIterator[bytes]:
        """All that the log has."""
        place = 0
        while piece := os.pread(self._file, 1 << 20, place):
            place += len(piece)
            yield piece
