"""Packed code, unpacked once per digest into a folder in which nothing runs: attempts see copies of it.

A seal beside the folder holds the marks of its files. A folder that does not match it any more is unpacked anew.
Unpacked code stays for the next attempts; beyond an amount of disk, bundles that no attempt has are removed, the least
recently used first. One is unpacked at a time, so that a large or hostile one takes one thread and not all of them.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from alula.core.errors import InvalidInput, NotFound, ResourceExhausted
from alula.server.blob import FULL_DISK, Blobs
from alula.server.executors.process import archive
from alula.server.executors.process.archive import ENTRY_BYTES, Limits
from alula.server.executors.process.copies import Code, entries, marks_of
from alula.server.removal import remove_tree

READ_BYTES = 1 << 20
CODE, SEAL = "code", "seal"
"""The contents of a bundle's folder."""
TEMPORARY = "."
"""The first character of the names of folders that are being made or removed."""
OF_THE_PATH = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EISDIR)
"""Numbers of an OSError that say that nobody can read such a file."""
OF_THE_CONTENT = (archive.BAD, archive.UNSAFE)
"""Codes of refusals that hold as long as the content does."""
REFUSED_MAX = 1000
"""The number of bundles remembered as impossible to unpack."""


async def nothing_else(_folder: str) -> None: ...


class Bundles:
    """The folder of unpacked bundles. A bundle that was taken has to be given back; `removed` is called with the code's
    folder of each bundle that is removed."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits,
        keep_bytes: int,
        removed: Callable[[str], Awaitable[None]] = nothing_else,
        blobs: Blobs | None = None,
    ) -> None:
        self._folder = folder
        self._blobs = blobs
        self._limits = limits
        self._keep_bytes = keep_bytes
        self._removed = removed
        self._known: dict[str, Code] = {}
        self._refused: dict[str, InvalidInput] = {}
        """The errors of bundles that can't be unpacked: to read one again would take as long, and end the same way."""
        self._sizes: dict[str, int] | None = None
        """Bytes of each bundle that is there, by folder; the one that was used last is last. None until it matters."""
        self._taken: collections.Counter[str] = collections.Counter()
        self._one = asyncio.Lock()

    def take_known(self, uri: str) -> Code | None:
        """A bundle that was asked for before. Objects never change, so a URI names one content."""
        code = self._known.get(uri)
        if code is not None:
            self._take(code)
        return code

    async def take(self, uri: str) -> Code:
        """The code of a bundle. Raises `InvalidInput` for what is no bundle or can't be read here, and OSError."""
        async with self._one:
            code = self.take_known(uri)
            if code is None:
                if self._sizes is None:
                    self._sizes = await asyncio.to_thread(look_at, self._folder)
                code = await self._unpack(uri)
                if code.folder not in self._sizes:
                    self._sizes[code.folder] = await asyncio.to_thread(size_of, code.folder)
                self._known[uri] = code  # not before: its taker counts on its size
                self._take(code)
                await self._make_room(self._sizes)
            return code

    async def _unpack(self, uri: str) -> Code:
        if uri in self._refused:
            raise self._refused[uri].with_traceback(None)
        try:
            if self._blobs is not None and uri.startswith(f"{self._blobs.uri()}/"):
                return await self._fetch(uri, self._blobs)
            return await asyncio.to_thread(unpack, uri.removeprefix("file://"), self._folder, self._limits)
        except InvalidInput as refusal:
            if refusal.code in OF_THE_CONTENT:
                while len(self._refused) >= REFUSED_MAX:
                    self._refused.pop(next(iter(self._refused)))
                self._refused[uri] = refusal
            raise

    async def _fetch(self, uri: str, blobs: Blobs) -> Code:
        """Unpack a bundle that is an object elsewhere. Raises as `take`, and `Unavailable`."""
        temporary = new_name(self._folder / "fetched")
        path = temporary / os.path.basename(uri)
        try:
            await asyncio.to_thread(temporary.mkdir, parents=True)
            with open(path, "xb") as copy:
                async for piece in blobs.read(uri):
                    if copy.tell() > self._limits.max_bytes:
                        break  # `open_archive` refuses it
                    await asyncio.to_thread(copy.write, piece)
            return await asyncio.to_thread(unpack, str(path), self._folder, self._limits)
        except NotFound as error:
            raise not_found(uri) from error
        except OSError as error:
            raise failure(uri, error) from error
        finally:
            await asyncio.to_thread(remove_tree, temporary, ignore_errors=True)

    def give_back(self, code: Code) -> None:
        self._taken[code.folder] -= 1
        if not self._taken[code.folder]:
            del self._taken[code.folder]

    def forget(self, uri: str) -> None:
        """Look at a bundle again when it is asked for, as somebody has changed its unpacked code."""
        self._known.pop(uri, None)

    def _take(self, code: Code) -> None:
        self._taken[code.folder] += 1
        if self._sizes is not None:
            self._sizes[code.folder] = self._sizes.pop(code.folder)

    async def _make_room(self, sizes: dict[str, int]) -> None:
        """Remove bundles until the others fit. None is taken while its removal is decided."""
        excess = sum(sizes.values()) - self._keep_bytes
        for folder in list(sizes):
            if excess <= 0:
                return
            if folder not in self._taken:
                excess -= sizes.pop(folder)
                self._known = {uri: code for uri, code in self._known.items() if code.folder != folder}
                aside = put_aside(Path(folder).parent)
                await self._removed(folder)
                await asyncio.to_thread(remove_tree, aside, ignore_errors=True)


def look_at(folder: Path) -> dict[str, int]:
    """The bundles that are there and their bytes, the one that was used last at the end. Removes unfinished ones."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[tuple[float, str]] = []
    for each in os.scandir(folder):
        if each.name.startswith(TEMPORARY):
            remove_tree(each.path, ignore_errors=True)
        else:
            found.append((each.stat(follow_symlinks=False).st_mtime, f"{each.path}/{CODE}"))
    return {path: size_of(path) for _, path in sorted(found)}


def size_of(folder: str) -> int:
    """The approximate size of a folder on the disk, in bytes."""
    with contextlib.suppress(OSError):
        return sum(found.st_size + ENTRY_BYTES for _, found in entries(folder))
    return 0


def unpack(path: str, into: Path, limits: Limits) -> Code:
    """Unpack the archive at `path` under its digest in `into`, where it is not there yet as it was unpacked. Blocks."""
    try:
        with open_archive(path, limits) as packed:
            folder = into / digest_of(packed)
            code = sealed_code(folder)
            if code is None:
                remove_tree(put_aside(folder), ignore_errors=True)
                packed.seek(0)
                fill(os.path.basename(path), packed, folder, limits)
                code = Code(str(folder / CODE), marks_of(str(folder / CODE)))
            os.utime(folder)
            return code
    except OSError as error:
        raise failure(path, error) from error


def open_archive(path: str, limits: Limits) -> BinaryIO:
    """Open an archive, without waiting for a pipe or a device. Raises `InvalidInput` for what is no file, or a very
    large one, and OSError."""
    if not os.path.isabs(path) or "\0" in path:
        raise not_readable(path, "is not a file of this platform")
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise not_readable(path, "is not a file")
        if found.st_size > limits.max_bytes:
            raise archive.unsafe(f"has more than {limits.max_bytes:,} bytes (setting `process.bundle_max_bytes`)")
    except BaseException:
        os.close(file)
        raise
    return os.fdopen(file, "rb")


def not_readable(path: str, why: str) -> InvalidInput:
    return InvalidInput("BundleNotReadable", f"the code bundle {path!r} {why}", fix="register again")


def not_found(path: str) -> InvalidInput:
    return InvalidInput("BundleNotFound", f"the code bundle {path} is not there any more", fix="register again")


def failure(path: str, error: OSError) -> Exception:
    """The fault of the bundle as an error, else the machine's own failure."""
    if error.errno in FULL_DISK:
        return ResourceExhausted("DiskFull", f"no room to unpack the code bundle {path}", fix="free some space")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return not_found(path)
    if error.errno in OF_THE_PATH:
        return not_readable(path, f"can't be read: {error.strerror}")
    return error


def digest_of(packed: BinaryIO) -> str:
    digest = hashlib.sha256()
    while data := packed.read(READ_BYTES):
        digest.update(data)
    return digest.hexdigest()[:32]


def fill(name: str, packed: BinaryIO, folder: Path, limits: Limits) -> None:
    """Make `folder`, whole or not at all. A pickled task (`pkl.gz`) is not an archive and is kept as it is."""
    temporary = new_name(folder)
    code = temporary / CODE
    try:
        code.mkdir(parents=True)
        if name.endswith("pkl.gz"):
            with open(code / name, "xb") as copy:
                shutil.copyfileobj(packed, copy)
        else:
            archive.unpack(packed, code, limits)
        (temporary / SEAL).write_text(seal_of(marks_of(str(code))))
        temporary.rename(folder)
    finally:
        remove_tree(temporary, ignore_errors=True)


def put_aside(folder: Path) -> Path:
    """Rename a folder that is to be removed; returns its new path."""
    aside = new_name(folder)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
    return aside


def new_name(folder: Path) -> Path:
    return folder.with_name(f"{TEMPORARY}{folder.name}-{secrets.token_hex(4)}")


def sealed_code(folder: Path) -> Code | None:
    """The code that was unpacked there; None if there is none, or if it was changed since."""
    code = str(folder / CODE)
    try:
        marks = marks_of(code)
        return Code(code, marks) if (folder / SEAL).read_text() == seal_of(marks) else None
    except (OSError, UnicodeDecodeError):
        return None


def seal_of(marks: Mapping[str, int]) -> str:
    return hashlib.sha256(ascii(sorted(marks.items())).encode()).hexdigest()
