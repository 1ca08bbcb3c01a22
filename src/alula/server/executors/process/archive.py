"""Unpacks packed code, which may hold anything: bounded in size, entries and depth, and nothing lands outside.

Symbolic links are made when everything else is there, so that nothing is ever written through one.
"""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from alula.core.errors import InvalidInput
from alula.server.executors.process.tar import BadTar, Member, members

GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 256 * 1024
PATH_MAX_BYTES, NAME_MAX_BYTES = 1024, 255
DEPTH_MAX = 64
"""The number of folders in which a member may lie, one in the other."""
ENTRY_BYTES = 4096
"""The disk space of a file or folder beside its content."""
BAD = "BadBundle"
UNSAFE = "UnsafeBundle"
"""Codes of refusals: no archive, or one with something in it that must not be unpacked."""


class Limits(NamedTuple):
    """The most that may come out of an archive."""

    max_bytes: int
    max_entries: int


def unpack(packed: BinaryIO, folder: Path, limits: Limits) -> None:
    """Unpack a tar archive, plain or gzipped, into `folder`, which is new and empty.

    Raises `InvalidInput` code `BadBundle` or `UnsafeBundle`, and OSError.
    """
    try:
        _Unpacking(folder, _Bounded(_decompressed(packed), limits.max_bytes), limits.max_entries).run()
    except (BadTar, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidInput(BAD, f"the code bundle is no tar archive: {error}", fix="register again") from error


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _decompressed(packed: BinaryIO) -> _Readable:
    start = packed.read(len(GZIP_MAGIC))
    packed.seek(0)
    return gzip.open(packed) if start == GZIP_MAGIC else packed


class _Bounded:
    """A stream with a limit on the bytes that can be read from it."""

    def __init__(self, stream: _Readable, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._left_bytes = max_bytes

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise unsafe(f"unpacks to more than {self._max_bytes:,} bytes (setting `process.bundle_max_bytes`)")
        return data


class _Unpacking:
    """One archive on its way into one folder. Knows what it has made there, so that it never has to look."""

    def __init__(self, folder: Path, stream: _Bounded, max_entries: int) -> None:
        self._folder = folder
        self._stream = stream
        self._max_entries = max_entries
        self._entries = 0
        self._folders = {""}
        self._files: set[str] = set()
        self._links: dict[str, str] = {}

    def run(self) -> None:
        for member in members(self._stream):
            self._add(member, path_of(member.name))
        while self._stream.read(PIECE_BYTES):  # what is packed has a checksum at its end
            pass
        for path, target in self._links.items():
            os.symlink(target, self._folder / path)

    def _add(self, member: Member, path: str) -> None:
        if member.kind == "folder":
            self._make_folder(path)
            return
        parent = path.rpartition("/")[0]
        self._make_folder(parent)
        self._vacate(path)
        if member.kind == "file":
            self._write(path, member)
        elif member.kind == "symlink":
            if stays_inside(parent, member.target):  # others are left out: no task can mean what they lead to here
                self._links[path] = member.target
        elif member.kind == "hardlink":
            self._link(path, path_of(member.target))
        else:
            raise unsafe(f"has `{path}`, which is neither a file nor a folder nor a link")

    def _make_folder(self, path: str) -> None:
        if path not in self._folders:
            if path in self._files or path in self._links:
                raise unsafe(f"has `{path}` as a folder and as a file")
            self._make_folder(path.rpartition("/")[0])
            self._count()
            os.mkdir(self._folder / path)
            self._folders.add(path)

    def _vacate(self, path: str) -> None:
        """Make room for a member: of several with one name the last counts."""
        if path in self._folders:
            raise unsafe(f"has `{path}` as a folder and as a file")
        self._count()
        self._links.pop(path, None)
        if path in self._files:
            self._files.remove(path)
            os.unlink(self._folder / path)

    def _count(self) -> None:
        self._entries += 1
        if self._entries > self._max_entries:
            raise unsafe(f"has more than {self._max_entries:,} entries (setting `process.bundle_max_entries`)")

    def _write(self, path: str, member: Member) -> None:
        self._files.add(path)
        mode = 0o777 if member.is_executable else 0o666
        file = os.open(self._folder / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with open(file, "wb") as written:
            left = member.size
            while left:
                piece = self._stream.read(min(left, PIECE_BYTES))
                if not piece:
                    raise BadTar("it ends too early")
                written.write(piece)
                left -= len(piece)

    def _link(self, path: str, target: str) -> None:
        if target not in self._files:
            raise unsafe(f"has `{path}` as another name of `{target}`, which is no file before it")
        os.link(self._folder / target, self._folder / path)
        self._files.add(path)


def path_of(name: str) -> str:
    """The name of a member as a path below the folder. Raises `InvalidInput` for one that leads elsewhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    path = "/".join(parts)
    if name.startswith("/") or ".." in parts:
        raise unsafe(f"has a member outside its folder: `{name[:200]}`")
    too_long = len(path.encode()) > PATH_MAX_BYTES or any(len(part.encode()) > NAME_MAX_BYTES for part in parts)
    if too_long or len(parts) > DEPTH_MAX or "\0" in name:
        raise unsafe(f"has a name that is too long, too deep or no name: `{name[:200]}`")
    return path


def stays_inside(parent: str, target: str) -> bool:
    """True if a link in folder `parent` leads to a place below the whole: up first, then down.

    A link that goes up later may go up from somewhere else, as a part of the way down can be a link.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = next((i for i, part in enumerate(parts) if part != ".."), len(parts))
    depth = len(parent.split("/")) if parent else 0
    leads_on = bool(parts) and not target.startswith("/") and "\0" not in target
    return leads_on and ".." not in parts[ups:] and ups <= depth


def unsafe(what: str) -> InvalidInput:
    return InvalidInput(UNSAFE, f"the code bundle {what}", fix="pack the code alone, and register again")
