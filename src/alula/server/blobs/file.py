"""Objects as files in a folder: the embedded store.

A URI is the file's absolute path. An object is written under a temporary name and linked to its own, which fails if
something stands there already, so nothing is ever replaced; then it is read-only. Tasks write here too, as files: these
are read without trust (`untrusted`), and only a regular file that no link leads to is an object.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import hashlib
import heapq
import logging
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping, Sequence
from io import RawIOBase
from pathlib import Path

from alula.core.errors import AlreadyExists, InvalidInput, NotFound, ResourceExhausted, Unavailable
from alula.core.policy.watching import Seen
from alula.server.blob import FULL_DISK, LIST_MAX, OBJECT_MAX_BYTES, SignedUrl
from alula.server.blobs import signing
from alula.server.blobs.measures import ObjectMeasures
from alula.server.blobs.names import check_segments
from alula.server.blobs.signing import Grant
from alula.server.blobs.walking import walked
from alula.server.measures import Reading
from alula.server.removal import make_anew, remove_tree
from alula.server.traces import NO_TRACES, Traces
from alula.server.untrusted import TooLarge, Tree, Unreadable, read_all

PIECE_BYTES = 256 * 1024
INCOMING = ".incoming"
"""Folder of objects that are being written; not part of any list."""
KEY_BYTES = 32
PATH_MAX_BYTES = 4096
"""The limit of a file's path, as Linux has it."""
BAD_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EILSEQ})

_log = logging.getLogger(__name__)


class FileBlobs:
    """`Blobs` in `folder`; the key that signs URLs is kept in `key_file`, outside it."""

    def __init__(self, folder: Path, key_file: Path, *, base_url: str = "", traces: Traces = NO_TRACES) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._incoming = self._folder / INCOMING
        self._key_file = key_file
        self._key = b""
        self.base_url = base_url
        """`http://host:port`, set when the HTTP port is known."""
        self._measures = ObjectMeasures(traces)

    async def start(self) -> None:
        """Begin, and remove the unfinished objects of an earlier platform that was killed."""
        with errors_of(str(self._folder)):
            make_anew(self._incoming)
            self._key = read_or_make_key(self._key_file)
        self._root = os.path.realpath(self._folder)
        self._tree = Tree(str(self._folder))

    async def stop(self) -> None:
        return None

    # The contract

    def uri(self, *parts: str) -> str:
        if not parts:
            return str(self._folder)
        whole = "/".join(parts)
        check_segments(whole, whole)
        path = f"{self._folder}/{whole}"
        if len(path) * 4 >= PATH_MAX_BYTES and len(os.fsencode(path)) >= PATH_MAX_BYTES:
            raise InvalidInput("BadObjectName", f"{whole[:60]!r}... is too long", fix="use fewer folders")
        return path

    async def put(self, uri: str, data: bytes) -> None:
        path = self._path(uri)
        with self._measures.timed("put") as transfer:
            await asyncio.to_thread(self._put, path, data)
            transfer.size = len(data)

    async def put_stream(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        with self._measures.timed("put") as transfer:
            transfer.size = await self._write(uri, pieces)
        return transfer.size

    async def get(self, uri: str, *, limit_bytes: int = OBJECT_MAX_BYTES) -> bytes:
        with self._measures.timed("get") as transfer:
            data = await asyncio.to_thread(self._get, uri, limit_bytes)
            transfer.size = len(data)
        return data

    async def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        with self._measures.timed("read") as transfer:
            file = await asyncio.to_thread(self._open, uri)
            try:
                while piece := await asyncio.to_thread(read_piece, file, offset, uri):
                    offset += len(piece)
                    transfer.size += len(piece)
                    yield piece
            finally:
                os.close(file)

    async def size(self, uri: str) -> int | None:
        try:
            file = self._open(uri)
        except NotFound:
            return None
        try:
            return os.fstat(file).st_size
        finally:
            os.close(file)

    async def exists(self, prefix: str) -> bool:
        path = self._path(prefix, root_too=True)
        with self._measures.timed("list"):
            return await asyncio.to_thread(self._has_any, path)

    async def list(self, prefix: str, *, after: str = "", limit: int = LIST_MAX) -> list[str]:
        path = self._path(prefix, root_too=True)
        with self._measures.timed("list"):
            return await asyncio.to_thread(self._page, path, after, limit)

    async def look(self, folder: str, *, after: str = "", limit: int = LIST_MAX) -> list[Seen]:
        path = self._path(folder, root_too=True)
        with self._measures.timed("list"):
            return await asyncio.to_thread(self._look, path, after, limit)

    async def delete(self, prefix: str) -> None:
        path = self._path(prefix)
        self._check_inside(path.parent)
        with self._measures.timed("delete"), errors_of(prefix):
            if path.is_dir() and not path.is_symlink():
                await asyncio.to_thread(remove_tree, path)
            else:
                path.unlink(missing_ok=True)

    async def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        headers = {"Content-MD5": base64.b64encode(md5).decode()} if md5 is not None else {}
        return self._signed("PUT", uri, md5, ttl_s, headers)

    async def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        return self._signed("GET", uri, None, ttl_s, {})

    def measure(self) -> Iterable[Reading]:
        """Figures of reads and writes through the platform."""
        return self._measures.read()

    # For the HTTP layer, which serves the signed URLs

    def verify(self, method: str, path: str, query: Mapping[str, str], now: int) -> Grant:
        """The grant of a request on a signed URL; `path` decoded, `now` in microseconds since the epoch.

        Raises `PermissionDenied` with code `BadSignature` or `UrlExpired`.
        """
        return signing.verify(method, path, query, key=self._key, now=now)

    def uri_of(self, grant: Grant) -> str:
        return self.uri(grant.name.removesuffix("/")) + ("/" if grant.name.endswith("/") else "")

    async def write(self, grant: Grant, pieces: AsyncIterator[bytes], *, md5: bytes | None = None) -> int:
        """Write the body of a PUT, whole or not at all; returns its bytes. `md5` is the request's own, if any.

        Raises `InvalidInput` code `DigestMismatch`, and as `put` does.
        """
        with self._measures.timed("upload") as transfer:
            announced = [each for each in (grant.md5, md5) if each is not None]
            transfer.size = await self._write(self.uri_of(grant), pieces, announced)
        return transfer.size

    async def _write(self, uri: str, pieces: AsyncIterator[bytes], announced: Sequence[bytes] = ()) -> int:
        """Write an object whose bytes have these MD5s, or a folder if the URI ends with a slash."""
        path = self._path(uri)
        digest = hashlib.md5(usedforsecurity=False)
        size = 0
        temporary = self._incoming / secrets.token_hex(16)
        try:
            with errors_of(uri):
                file = new_file(temporary)
            with file:
                async for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    await asyncio.to_thread(write_piece, file, piece, uri)
                with errors_of(uri):
                    await asyncio.to_thread(settle, file)
            for expected in announced:
                if digest.digest() != expected:
                    raise InvalidInput(
                        "DigestMismatch",
                        f"the content of {uri} has MD5 {digest.hexdigest()}, and {expected.hex()} was announced",
                        fix="send it again",
                    )
            if not uri.endswith("/"):
                await asyncio.to_thread(self._publish, temporary, path)
            elif size:
                raise InvalidInput("BadObjectName", f"{uri} names a folder, which has no content")
            else:
                await asyncio.to_thread(self._make_folder, path)
        finally:
            temporary.unlink(missing_ok=True)
        return size

    # Files

    def _signed(self, method: str, uri: str, md5: bytes | None, ttl_s: int, headers: dict[str, str]) -> SignedUrl:
        name = str(self._path(uri).relative_to(self._folder)) + ("/" if uri.endswith("/") else "")
        expires_at = time.time_ns() // 1000 + ttl_s * 1_000_000
        path = signing.sign(Grant(method, name, expires_at, md5), self._key)
        return SignedUrl(url=self.base_url + path, expires_at=expires_at, headers=headers)

    def _path(self, uri: str, *, root_too: bool = False) -> Path:
        """The file of a URI. Raises `InvalidInput` for one outside the store."""
        root = f"{self._folder}/"
        if root_too and uri.rstrip("/") == str(self._folder):
            return self._folder
        if not uri.startswith(root):
            raise InvalidInput("OutsideStore", f"{uri!r} is not in the object store {self._folder}")
        name = uri.removeprefix(root).rstrip("/")
        check_segments(name, uri)
        if name.split("/")[0] == INCOMING:
            raise InvalidInput("OutsideStore", f"{uri!r} is not an object")
        return self._folder / name

    def _check_inside(self, path: Path) -> None:
        """Links may lead elsewhere: a task can have made one."""
        real = os.path.realpath(path)
        if real != self._root and not real.startswith(f"{self._root}/"):
            raise InvalidInput("OutsideStore", f"{str(path)!r} leads out of the object store by a link")

    def _open(self, uri: str) -> int:
        """A descriptor. Raises `NotFound` for what is no object, `InvalidInput` for a URI outside the store."""
        path = self._path(uri)
        with errors_of(uri):
            try:
                return self._tree.open(str(path))
            except Unreadable as error:
                self._check_inside(path)
                raise NotFound("ObjectNotFound", f"there is no object {uri}: {error}") from error

    def _get(self, uri: str, limit_bytes: int) -> bytes:
        file = self._open(uri)
        try:
            with errors_of(uri):
                return read_all(file, limit_bytes, shown=uri)
        except TooLarge as error:
            raise InvalidInput("ObjectTooLarge", str(error)) from error
        finally:
            os.close(file)

    def _put(self, path: Path, data: bytes) -> None:
        temporary = self._incoming / secrets.token_hex(16)
        try:
            with errors_of(str(path)), new_file(temporary) as file:
                write_all(file, data)
                settle(file)
            self._publish(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def _publish(self, temporary: Path, path: Path) -> None:
        """Give a written file its name, unless the name is taken by other bytes."""
        self._make_folder(path.parent)
        with errors_of(str(path)):
            try:
                os.link(temporary, path)
            except FileExistsError as error:
                if not self._holds(path, temporary):
                    raise AlreadyExists(
                        "ObjectExists", f"the object {path} exists with other content", fix="use a new name"
                    ) from error

    def _make_folder(self, path: Path) -> None:
        with errors_of(str(path)):
            path.mkdir(parents=True, exist_ok=True)
        self._check_inside(path)

    def _holds(self, path: Path, written: Path) -> bool:
        """True if an object has the bytes of a written file. Raises OSError."""
        try:
            file = self._tree.open(str(path))
        except (FileNotFoundError, Unreadable):
            return False
        with open(file, "rb") as left, written.open("rb") as right:
            while piece := right.read(PIECE_BYTES):
                if piece != left.read(PIECE_BYTES):
                    return False
            return not left.read(1)

    def _page(self, path: Path, after: str, limit: int) -> list[str]:
        return heapq.nsmallest(limit, (name for name in self._found(path) if name > after))

    def _look(self, path: Path, after: str, limit: int) -> list[Seen]:
        self._check_inside(path)
        found = list[Seen]()
        with errors_of(str(path)):
            for entry in walked(str(path), after, str(self._incoming)):
                with contextlib.suppress(FileNotFoundError):  # it is gone meanwhile
                    found.append(_seen(entry.path, entry.stat(follow_symlinks=False)))
                if len(found) == limit:
                    break
        return found

    def _has_any(self, path: Path) -> bool:
        return next(self._found(path), None) is not None

    def _found(self, path: Path) -> Iterator[str]:
        """The objects under a path, in any order."""
        with contextlib.suppress(OSError):
            if stat.S_ISREG(path.lstat().st_mode):
                yield str(path)
                return
        self._check_inside(path)
        folders = [str(path)]
        while folders:  # a task may have made folders inside each other, too deep for recursion
            with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.path == str(self._incoming):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        yield entry.path


@contextlib.contextmanager
def errors_of(uri: str) -> Generator[None]:
    """Report the operating system's errors as the contract says."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidInput("BadObjectName", f"{uri} is a folder, or below an object") from error
    except OSError as error:
        if error.errno in BAD_NAME:
            raise InvalidInput("BadObjectName", f"{uri!r} can't name an object: {error.strerror}") from error
        if error.errno in FULL_DISK:
            raise ResourceExhausted("DiskFull", f"no room for the object {uri}", fix="free some space") from error
        if isinstance(error, FileNotFoundError):
            raise NotFound("ObjectNotFound", f"there is no object {uri}") from error
        raise Unavailable("StoreFailed", f"the object {uri} can't be read or written: {error}") from error


def _seen(path: str, status: os.stat_result) -> Seen:
    return Seen(path, status.st_size, f"{status.st_mtime_ns}-{status.st_ino}", status.st_mtime_ns // 1000)


def read_piece(file: int, offset: int, uri: str) -> bytes:
    with errors_of(uri):
        return os.pread(file, PIECE_BYTES, offset)


def write_piece(file: RawIOBase, piece: bytes, uri: str) -> None:
    with errors_of(uri):
        write_all(file, piece)


def write_all(file: RawIOBase, data: bytes) -> None:
    """A single write takes at most 2 GiB, and less on a disk that is nearly full."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def new_file(path: Path) -> RawIOBase:
    """An object to be written, which its owner alone can read then, and nobody write again."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400), "wb", buffering=0)


def settle(file: RawIOBase) -> None:
    """Make a written file durable."""
    os.fsync(file.fileno())


def read_or_make_key(path: Path) -> bytes:
    """The signing key of this data folder; the owner alone can read it.

    One that is not whole, as a full disk or a bad backup leaves it, is made anew: anybody that guesses a key can sign.
    Whatever URLs it signed are dead then; none is good for more than an hour.
    """
    with contextlib.suppress(FileNotFoundError):
        key = read_key(path)
        if len(key) == KEY_BYTES:
            return key
        _log.warning("%s is no whole signing key and is replaced: URLs that were signed with it are refused", path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    key = secrets.token_bytes(KEY_BYTES)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, key)
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, path)
    return key


def read_key(path: Path) -> bytes:
    """The bytes of a key file, which nobody else may read from now on."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.fchmod(file, 0o600)
        return os.read(file, KEY_BYTES + 1)
    finally:
        os.close(file)
