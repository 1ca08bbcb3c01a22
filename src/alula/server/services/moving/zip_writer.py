"""A zip that is written forward, in pieces: no entry is in memory as a whole, and nothing is gone back to.

The same entries give the same bytes: an entry has no time and no owner.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
import zlib
from collections.abc import AsyncIterator

from alula.core.errors import Unavailable
from alula.core.policy.run_file import Entry
from alula.server.beside import done_beside

_LEVEL = 4
_SHRUNK = 0.95
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o644 << 16
_UNIX = 3
_ENOUGH_BYTES = 64 * 1024
_ZIP64_BYTES = 1 << 30


class ZipWriter:
    """The pieces of the file are what its methods give."""

    def __init__(self) -> None:
        self._out = _Out()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self.entries: list[Entry] = []

    async def add(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Write an entry of so many bytes. Raises `Unavailable` if there are fewer."""
        info = zipfile.ZipInfo(name, _NO_TIME)
        info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
        first = await anext(pieces, b"")
        shrinks = await done_beside(len(first), _shrinks, first)
        info.compress_type = zipfile.ZIP_DEFLATED if shrinks else zipfile.ZIP_STORED
        digest, written = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=size > _ZIP64_BYTES) as entry:
            async for piece in _chained(first, pieces):
                digest.update(piece)
                await done_beside(len(piece), entry.write, piece)
                written += len(piece)
                if len(self._out.written) > _ENOUGH_BYTES:
                    yield self._out.take()
        if written != size:
            raise Unavailable("ObjectChanged", f"`{name}` had {size:,} bytes, and now {written:,}", fix="try again")
        self.entries.append(Entry(name, size, digest.hexdigest()))
        yield self._out.take()

    async def end(self) -> bytes:
        """The end of the file."""
        await asyncio.to_thread(self._zip.close)
        return self._out.take()


def _shrinks(beginning: bytes) -> bool:
    """True if compressing is worth its time, as far as the beginning tells."""
    return len(zlib.compress(beginning, 1)) < _SHRUNK * len(beginning)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


class _Out(io.RawIOBase):
    """The pieces that wait to be sent. Without `seek` and `tell`, so that the zip goes forward only."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] bytes only
        self.written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self.written)
        self.written.clear()
        return taken
