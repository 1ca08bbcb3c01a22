"""Objects in S3, Google Cloud Storage or Azure Blob Storage, by obstore.

A URI is `s3://bucket/key`, `gs://bucket/key` or `az://container/key`, as other programs write it. Small objects are
created by one conditional request, so that nothing is ever replaced. Larger ones go up in parts, which no store creates
conditionally: they are looked for first, and of two that are written at the same moment the later one stays.
Requests that fail for now are made again by the library, with growing pauses; what is left then is an error of ours,
by the status and the code of the answer (`store_errors`).

A folder that no object makes is kept as an empty object in it, as a key can't end with a slash here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Generator, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from alula.core.errors import AlreadyExists, InvalidInput
from alula.core.policy.watching import Seen
from alula.server.blob import LIST_MAX, OBJECT_MAX_BYTES, SignedUrl
from alula.server.blobs.azure_urls import Permission, signed_url
from alula.server.blobs.measures import ObjectMeasures, Operation, Transfer
from alula.server.blobs.names import check_segments
from alula.server.blobs.options import ObjectOptions
from alula.server.blobs.store_errors import error_of, setup_error_of
from alula.server.blobs.stores import FOLDER_MARK, PUT_HEADERS, make_store
from alula.server.measures import Reading
from alula.server.traces import NO_TRACES, Traces

if TYPE_CHECKING:
    from obstore import Attributes, ListStream, ObjectMeta

    from alula.server.blobs.stores import Store

PIECE_BYTES = 256 * 1024
PART_BYTES = 8 << 20
"""The size of a part of an object that goes up in parts."""
ONE_REQUEST_BYTES = 16 << 20
"""The most that is created by one request."""
KEY_MAX_BYTES = 1024
"""The limit of a key, which is the same in all three stores."""
START_RETRY_S = 5.0
"""The time for which a request of the start is made again."""
PROBE = ".alula-probe"
"""The object that is written at each start to find out whether the store can be used."""
_EMPTY_MD5 = hashlib.md5(b"", usedforsecurity=False).digest()
_PAGE = "text/html; charset=utf-8"


class ObjectStoreBlobs:
    """`Blobs` of the store that the settings name."""

    def __init__(self, options: ObjectOptions, *, traces: Traces = NO_TRACES) -> None:
        self._options = options
        self._root = options.url.rstrip("/")
        self._base = f"{options.scheme}://{options.bucket}/"
        self._prefix = self._root.removeprefix(self._base.removesuffix("/")).removeprefix("/")
        self._store = make_store(options)
        self._measures = ObjectMeasures(traces)

    async def start(self) -> None:
        """List, write and read something, so that a store that can't be used is found out now."""
        store = make_store(self._options, retry_s=START_RETRY_S)
        probe = f"{self._prefix}/{PROBE}".removeprefix("/")
        doing = "list objects"
        try:
            await _listed(store, probe).collect_async()
            doing = "write objects"
            with contextlib.suppress(AlreadyExistsError):
                await obstore.put_async(store, probe, b"", mode="create", use_multipart=False)
            doing = "read objects"
            await obstore.get_async(store, probe)
        except (BaseError, OSError) as error:
            raise setup_error_of(error, self._options.url, doing) from error

    async def stop(self) -> None:
        return None

    # The contract

    def uri(self, *parts: str) -> str:
        if not parts:
            return self._root
        whole = "/".join(parts)
        check_segments(whole, whole)
        if (
            len(self._prefix) + len(whole) >= KEY_MAX_BYTES // 4
            and len(f"{self._prefix}/{whole}".encode()) > KEY_MAX_BYTES
        ):
            raise InvalidInput("BadObjectName", f"{whole[:60]!r}... is too long", fix="use fewer folders")
        return f"{self._root}/{whole}"

    async def put(self, uri: str, data: bytes) -> None:
        with self._asked("put", uri) as transfer:
            await self._put(uri, data)
            transfer.size = len(data)

    async def put_stream(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        with self._asked("put", uri) as transfer:
            self._key(uri)
            whole, all_pieces = await _beginning(pieces, ONE_REQUEST_BYTES)
            if all_pieces is not None:
                transfer.size = await self._put_parts(uri, all_pieces)
            else:
                await self._put(uri, whole)
                transfer.size = len(whole)
        return transfer.size

    async def get(self, uri: str, *, limit_bytes: int = OBJECT_MAX_BYTES) -> bytes:
        with self._asked("get", uri) as transfer:
            found = await obstore.get_async(self._store, self._key(uri))
            size = found.meta["size"]
            if size > limit_bytes:
                raise InvalidInput("ObjectTooLarge", f"{uri} has {size:,} bytes; at most {limit_bytes:,} are read")
            data = bytes(await found.bytes_async())
            transfer.size = len(data)
        return data

    async def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        with self._asked("read", uri) as transfer:
            key = self._key(uri)
            if offset and offset >= (await obstore.head_async(self._store, key))["size"]:
                return
            found = await obstore.get_async(self._store, key, options={"range": {"offset": offset}} if offset else {})
            async for chunk in found.stream(PIECE_BYTES):
                view = memoryview(chunk)
                for place in range(0, len(view), PIECE_BYTES):
                    piece = bytes(view[place : place + PIECE_BYTES])
                    transfer.size += len(piece)
                    yield piece

    async def size(self, uri: str) -> int | None:
        with self._asked("get", uri), contextlib.suppress(FileNotFoundError):
            return (await obstore.head_async(self._store, self._key(uri)))["size"]
        return None

    async def exists(self, prefix: str) -> bool:
        if prefix == self._root:
            return bool(await self.list(prefix, limit=1))
        itself, below = await asyncio.gather(self.size(prefix), self._page(prefix, "", 1))
        return itself is not None or bool(below)

    async def list(self, prefix: str, *, after: str = "", limit: int = LIST_MAX) -> list[str]:
        if prefix == self._root:
            return await self._page(prefix, after, limit)
        itself, below = await asyncio.gather(self.size(prefix), self._page(prefix, after, limit))
        return [prefix, *below][:limit] if itself is not None and prefix > after else below

    async def look(self, folder: str, *, after: str = "", limit: int = LIST_MAX) -> list[Seen]:
        return [_seen(self._base, each) for each in await self._found(folder, after, limit)]

    async def delete(self, prefix: str) -> None:
        with self._asked("delete", prefix):
            key = self._key(prefix)
            with contextlib.suppress(FileNotFoundError):
                await obstore.delete_async(self._store, key)
            async for found in _listed(self._store, key):
                await obstore.delete_async(self._store, [each["path"] for each in found])

    async def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        """The store checks the headers that are to be sent. With an MD5 the content is fixed, and the same bytes may
        come again; without one the object must not be there yet."""
        key = self._key(uri)
        if uri.endswith("/"):
            key, md5 = f"{key}/{FOLDER_MARK}", _EMPTY_MD5
        common, only_new = PUT_HEADERS[self._options.scheme]
        bound = only_new if md5 is None else {"Content-MD5": base64.b64encode(md5).decode()}
        return await self._signed("PUT", key, "c" if md5 is None else "cw", ttl_s, {**common, **bound})

    async def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        return await self._signed("GET", self._key(uri), "r", ttl_s, {})

    def measure(self) -> Iterable[Reading]:
        """Figures of reads and writes through the platform."""
        return self._measures.read()

    # Requests

    async def _put(self, uri: str, data: bytes) -> None:
        if len(data) > ONE_REQUEST_BYTES:
            await self._put_parts(uri, _in_parts(data))
            return
        try:
            await obstore.put_async(
                self._store, self._key(uri), data, mode="create", use_multipart=False, attributes=_attributes(uri)
            )
        except AlreadyExistsError:
            if not await self._holds(uri, _in_parts(data)):
                raise _taken(uri) from None

    async def _put_parts(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        if await self.size(uri) is not None:
            if not await self._holds(uri, pieces):
                raise _taken(uri)
            return await self.size(uri) or 0
        counted = _Counted(pieces)
        await obstore.put_async(
            self._store, self._key(uri), counted, attributes=_attributes(uri), use_multipart=True, chunk_size=PART_BYTES
        )
        return counted.size

    async def _holds(self, uri: str, pieces: AsyncIterator[bytes]) -> bool:
        """True if an object has these bytes."""
        digest, own = hashlib.sha256(), hashlib.sha256()
        async for piece in pieces:
            digest.update(piece)
        async for piece in self.read(uri):
            own.update(piece)
        return digest.digest() == own.digest()

    async def _page(self, prefix: str, after: str, limit: int) -> list[str]:
        return [self._base + each["path"] for each in await self._found(prefix, after, limit)]

    async def _found(self, prefix: str, after: str, limit: int) -> list[ObjectMeta]:
        found: list[ObjectMeta] = []
        with self._asked("list", prefix):
            key = self._prefix if prefix == self._root else self._key(prefix)
            offset = after.removeprefix(self._base) if after.startswith(f"{self._root}/") else None
            async for chunk in _listed(self._store, key or None, offset):
                theirs = (each for each in chunk if not _is_ours(each["path"]))
                # Not every server takes an offset.
                found += [each for each in theirs if self._base + each["path"] > after]
                if len(found) >= limit:
                    break
        return found[:limit]

    async def _signed(
        self, method: Literal["GET", "PUT"], key: str, permission: Permission, ttl_s: int, headers: dict[str, str]
    ) -> SignedUrl:
        options, expires_at = self._options, time.time_ns() // 1000 + ttl_s * 1_000_000
        if options.scheme == "az" and options.secret_key:
            return SignedUrl(signed_url(options, key, permission, expires_at), expires_at, headers)
        if options.scheme == "gs":
            key = quote(key)  # the library signs this path as it is, and escapes those of other stores
        with self._asked("get", self._base + key):
            url = await obstore.sign_async(self._store, method, key, timedelta(seconds=ttl_s))
        return SignedUrl(url, expires_at, headers)

    def _key(self, uri: str) -> str:
        """Raises `InvalidInput` for a URI outside the store."""
        if not uri.startswith(f"{self._root}/"):
            raise InvalidInput("OutsideStore", f"{uri!r} is not in the object store {self._root}")
        name = uri.removeprefix(f"{self._root}/").removesuffix("/")
        check_segments(name, uri)
        if name == PROBE:
            raise InvalidInput("OutsideStore", f"{uri!r} is not an object")
        if "\\" in name and self._options.scheme == "az":
            raise InvalidInput("BadObjectName", f"{uri!r} can't name a blob: Azure takes `\\` for `/`", fix="rename it")
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextlib.contextmanager
    def _asked(self, operation: Operation, uri: str) -> Generator[Transfer]:
        """Count requests, and report the errors of the library as the contract says."""
        with self._measures.timed(operation) as transfer:
            try:
                yield transfer
            except FileNotFoundError as error:
                raise error_of(error, uri) from error
            except BaseError as error:
                raise error_of(error, uri) from error


def _listed(store: Store, prefix: str | None, offset: str | None = None) -> ListStream[Sequence[ObjectMeta]]:
    return obstore.list(store, prefix, offset=offset, chunk_size=LIST_MAX)  # pyright: ignore[reportUnknownMemberType]


async def _beginning(pieces: AsyncIterator[bytes], most: int) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """All pieces as one if they are not more than this; else as many, and an iterator over all of them."""
    begin: list[bytes] = []
    size = 0
    async for piece in pieces:
        begin.append(piece)
        size += len(piece)
        if size > most:
            return b"", _chained(begin, pieces)
    return b"".join(begin), None


async def _chained(begin: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for piece in begin:
        yield piece
    async for piece in rest:
        yield piece


async def _in_parts(data: bytes) -> AsyncIterator[bytes]:
    view = memoryview(data)
    for place in range(0, len(view), PART_BYTES):
        yield bytes(view[place : place + PART_BYTES])


class _Counted:
    """Pieces, and how many bytes they had."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __aiter__(self) -> _Counted:
        return self

    async def __anext__(self) -> bytes:
        piece = await anext(self._pieces)
        self.size += len(piece)
        return piece


def _attributes(uri: str) -> Attributes:
    """A deck is shown by a browser, by a link to the store itself; anything else is saved."""
    return {"Content-Type": _PAGE if uri.endswith(".html") else "application/octet-stream"}


def _seen(base: str, found: ObjectMeta) -> Seen:
    changed_at = round(found["last_modified"].timestamp() * 1_000_000)
    return Seen(base + found["path"], found["size"], found["e_tag"] or str(changed_at), changed_at)


def _is_ours(key: str) -> bool:
    """True for the objects that nobody asked for."""
    return key.rpartition("/")[2] in (PROBE, FOLDER_MARK)


def _taken(uri: str) -> AlreadyExists:
    return AlreadyExists("ObjectExists", f"the object {uri} exists with other content", fix="use a new name")
