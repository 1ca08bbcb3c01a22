"""A file of this process alone, without a name: it goes with the process, however that ends.

Owns parts of records, each with its length before it. Parts are written one after the other and read as often as
wanted.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Self

import msgspec

from alula.core.errors import ResourceExhausted
from alula.core.policy.run_file import RECORD_MAX_BYTES, damaged
from alula.server.blob import FULL_DISK

PIECE_BYTES = 256 * 1024
_LENGTH_BYTES = 4


class Span(msgspec.Struct, frozen=True):
    """A range of the file."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


class Spool:
    """Written by one task at a time; read by any thread."""

    def __init__(self, folder: str | None) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 closed by `__exit__`
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def file(self) -> BinaryIO:
        return self._file

    def write(self, data: bytes) -> None:
        """Raises `ResourceExhausted` on a full disk."""
        left = memoryview(data)
        try:
            while left:
                written = os.pwrite(self._file.fileno(), left, self.size)
                self.size += written
                left = left[written:]
        except OSError as error:
            if error.errno in FULL_DISK:
                raise ResourceExhausted(
                    "DiskFull", "there is no room for the file of a run", fix="make some"
                ) from error
            raise

    def add(self, records: Iterable[bytes]) -> Span:
        """Write records as one part."""
        start, waiting = self.size, bytearray()
        for record in records:
            waiting += framed(record)
            if len(waiting) > PIECE_BYTES:
                self.write(bytes(waiting))
                waiting.clear()
        self.write(bytes(waiting))
        return Span(start, self.size)

    def pieces(self, span: Span) -> Iterator[bytes]:
        """The bytes of a part."""
        at = span.start
        while at < span.end:
            piece = os.pread(self._file.fileno(), min(PIECE_BYTES, span.end - at), at)
            at += len(piece)
            yield piece

    def records(self, span: Span) -> Iterator[bytes]:
        """The records of a part."""
        return unframed(self.pieces(span))


class Records:
    """The records of a part, to be read as often as wanted."""

    def __init__(self, spool: Spool, span: Span) -> None:
        self._spool = spool
        self._span = span

    def __iter__(self) -> Iterator[bytes]:
        return self._spool.records(self._span)


def framed(record: bytes) -> bytes:
    """A record with its length before it."""
    return len(record).to_bytes(_LENGTH_BYTES, "big") + record


def unframed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The records in these bytes. Raises `InvalidInput` if they are no records, or one of them is too large."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        at = 0
        while len(waiting) - at >= _LENGTH_BYTES:
            size = int.from_bytes(waiting[at : at + _LENGTH_BYTES], "big")
            if size > RECORD_MAX_BYTES:
                raise damaged(f"a record has {size:,} bytes")
            if len(waiting) - at < _LENGTH_BYTES + size:
                break
            yield bytes(waiting[at + _LENGTH_BYTES : at + _LENGTH_BYTES + size])
            at += _LENGTH_BYTES + size
        del waiting[:at]
    if waiting:
        raise damaged("a record ends too early")
