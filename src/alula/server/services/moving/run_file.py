"""An exported run in a file that may come from a stranger: it is checked as a whole before anything of it is used.

Checked are the length of its directory before that is read, all names and sizes before anything is unpacked, and then
the digest of each entry. So a file that was cut off, changed or made to do harm is refused while nothing has been
written.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from alula.core.policy.run_file import (
    ENTRIES_MAX,
    MANIFEST,
    MANIFEST_MAX_BYTES,
    RECORD_MAX_BYTES,
    Entry,
    Folder,
    Manifest,
    damaged,
    read_manifest,
)
from alula.server.services.layout import UPLOADS
from alula.server.services.moving.paths import is_upload
from alula.server.services.moving.spool import PIECE_BYTES, unframed

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_DIRECTORY_MAX_BYTES = ENTRIES_MAX * 512
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    UnicodeDecodeError,
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
    KeyError,
)
"""What `zipfile` raises for bytes that are no zip, or one of another kind."""


class RunFile:
    """A file that has been checked."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Raises `FailedPrecondition` code `RunFileTooNew`, `ResourceExhausted` code `RunFileTooLarge`, and
        `InvalidInput` code `RunFileDamaged`."""
        _check_directory(file, size)
        try:
            self._zip = zipfile.ZipFile(file)
        except _UNREADABLE as error:
            raise damaged(str(error)) from error
        self._infos = {info.filename: info for info in self._zip.infolist()}
        if len(self._infos) < len(self._zip.infolist()) or MANIFEST not in self._infos:
            raise damaged("it has an entry twice, or no manifest")
        manifest = b"".join(self._unpacked(MANIFEST, self._size_of(MANIFEST, MANIFEST_MAX_BYTES)))
        self.digest = hashlib.sha256(manifest).hexdigest()
        self.manifest: Manifest = read_manifest(manifest)
        self._check_sizes(size)
        self.uploads: set[str] = set()
        """Paths of code that has the digest which its path says."""
        for entry in self.manifest.entries:
            self._check_digest(entry)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of an entry. Raises `InvalidInput`."""
        return self._unpacked(name, self._infos[name].file_size)

    def records(self, name: str) -> Iterator[bytes]:
        """The records of an entry."""
        return unframed(self.pieces(name))

    def whole(self, name: str) -> bytes:
        """An entry that has to be in memory as a whole."""
        self._size_of(name, RECORD_MAX_BYTES)
        return b"".join(self.pieces(name))

    def paths(self, folder: Folder) -> list[str]:
        """The paths of the objects in a folder, in the order in which they were written."""
        beginning = f"{folder}/"
        names = (entry.name for entry in self.manifest.entries)
        return [name.removeprefix(beginning) for name in names if name.startswith(beginning)]

    def _size_of(self, name: str, most: int) -> int:
        size = self._infos[name].file_size
        if size > most:
            raise damaged(f"`{name}` has {size:,} bytes, more than {most:,}")
        return size

    def _check_sizes(self, size: int) -> None:
        """Check that the directory has what the manifest says. Raises `InvalidInput`."""
        told = {entry.name: entry.size for entry in self.manifest.entries}
        there = {name: info.file_size for name, info in self._infos.items() if name != MANIFEST}
        if told != there:
            wrong = sorted(name for name in told.keys() | there.keys() if told.get(name) != there.get(name))
            raise damaged(f"its manifest and its directory disagree about `{wrong[0][:200]}`")
        if sum(info.compress_size for info in self._infos.values()) > size:
            raise damaged("its entries overlap")

    def _check_digest(self, entry: Entry) -> None:
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        folder, _, path = entry.name.partition("/")
        is_code = folder == "objects" and path.startswith(f"{UPLOADS}/")
        for piece in self.pieces(entry.name):
            sha256.update(piece)
            if is_code:
                md5.update(piece)
        if sha256.hexdigest() != entry.sha256:
            raise damaged(f"`{entry.name}` has another digest than its manifest says")
        if is_code and is_upload(path, md5=md5.digest(), sha256=sha256.digest()):
            self.uploads.add(path)

    def _unpacked(self, name: str, size: int) -> Iterator[bytes]:
        try:
            with self._zip.open(self._infos[name]) as entry:
                while piece := entry.read(PIECE_BYTES):
                    size -= len(piece)
                    if size < 0:
                        break
                    yield piece
        except _UNREADABLE as error:
            raise damaged(f"`{name}` can't be unpacked: {error}") from error
        if size:
            raise damaged(f"`{name}` has another size than its directory says")


def _check_directory(file: BinaryIO, size: int) -> None:
    """Check that the file ends as a zip does, with a directory that fits into memory. Raises `InvalidInput`."""
    end = _read(file, size - _END.size, _END)
    if end[0] != b"PK\x05\x06" or end[7]:
        raise damaged("it does not end as a zip does; it may have been cut off")
    count, length = end[4], end[5]
    if count == 0xFFFF or length == 0xFFFFFFFF:
        locator = _read(file, size - _END.size - _LOCATOR.size, _LOCATOR)
        end_64 = _read(file, locator[2], _END_64)
        if locator[0] != b"PK\x06\x07" or end_64[0] != b"PK\x06\x06":
            raise damaged("its directory is not where it says")
        count, length = end_64[7], end_64[8]
    if count > ENTRIES_MAX + 1 or length > _DIRECTORY_MAX_BYTES:
        raise damaged(f"its directory has {count:,} entries and {length:,} bytes")


# `Any`-free: the fields of a structure, all but the first are numbers.
def _read(file: BinaryIO, at: int, kind: struct.Struct) -> tuple[bytes, int, int, int, int, int, int, int, int]:
    if at < 0:
        raise damaged("it is too short")
    file.seek(at)
    data = file.read(kind.size)
    if len(data) < kind.size:
        raise damaged("it is too short")
    return (*kind.unpack(data), 0, 0, 0, 0)[:9]  # pyright: ignore[reportReturnType]
