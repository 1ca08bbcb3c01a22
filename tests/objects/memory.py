"""Objects in memory: an object store for tests and the simulation, held to the contract like any other."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from alula.core.literals.parts import parts
from alula.core.policy.watching import Seen
from alula.server.blob import LIST_MAX, OBJECT_MAX_BYTES, SignedUrl

ROOT = "/objects"
PIECE_BYTES = 256 * 1024


class Grant(NamedTuple):
    """What the holder of a signed URL may do."""

    method: str
    uri: str
    md5: bytes | None
    expires_at: int


class MemoryBlobs:
    """`Blobs` in a dictionary. Under the default root they look like files, under another like objects elsewhere."""

    def __init__(self, root: str = ROOT) -> None:
        self._root = root
        self.objects: dict[str, bytes] = {}
        self.changed: dict[str, int] = {}
        """When each was written, in microseconds."""
        self._grants: dict[str, Grant] = {}
        self._numbers = itertools.count(1)

    def whole(self, data: bytes) -> literals_pb2.LiteralMap:
        """A serialized map of literals, with all that was put aside in its place."""
        literals = literals_pb2.LiteralMap.FromString(data)
        waiting = list(literals.literals.values())
        while waiting:
            literal = waiting.pop()
            if literal.HasField("offloaded_metadata"):
                literal.ParseFromString(self.objects[literal.offloaded_metadata.uri])
            waiting.extend(parts(literal))
        return literals

    # The contract

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def uri(self, *parts: str) -> str:
        return self._check("/".join((self._root, *parts))) if parts else self._root

    async def put(self, uri: str, data: bytes) -> None:
        self.changed.setdefault(uri, time.time_ns() // 1000)
        if self.objects.setdefault(self._check(uri), data) != data:
            raise AlreadyExists("ObjectExists", f"`{uri}` exists with other bytes")

    async def put_stream(self, uri: str, pieces: AsyncIterator[bytes]) -> int:
        data = b"".join([piece async for piece in pieces])
        await self.put(uri, data)
        return len(data)

    async def get(self, uri: str, *, limit_bytes: int = OBJECT_MAX_BYTES) -> bytes:
        if self._check(uri) not in self.objects:
            raise NotFound("ObjectNotFound", f"there is no object `{uri}`")
        data = self.objects[uri]
        if len(data) > limit_bytes:
            raise InvalidInput("ObjectTooLarge", f"{uri} has {len(data):,} bytes; at most {limit_bytes:,} are read")
        return data

    async def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        data = await self.get(uri)
        for start in range(offset, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]

    async def size(self, uri: str) -> int | None:
        return len(self.objects[uri]) if self._check(uri) in self.objects else None

    async def exists(self, prefix: str) -> bool:
        return bool(await self.list(prefix, limit=1))

    async def list(self, prefix: str, *, after: str = "", limit: int = LIST_MAX) -> list[str]:
        return [uri for uri in self._under(prefix) if uri > after][:limit]

    async def look(self, folder: str, *, after: str = "", limit: int = LIST_MAX) -> list[Seen]:
        found = [(uri, self.objects[uri]) for uri in await self.list(folder, after=after, limit=limit)]
        return [Seen(uri, len(data), hashlib.md5(data).hexdigest(), self.changed[uri]) for uri, data in found]

    async def delete(self, prefix: str) -> None:
        for uri in self._under(self._check(prefix)):
            del self.objects[uri]

    def _under(self, prefix: str) -> list[str]:
        if prefix != self._root:
            self._check(prefix)
        return sorted(uri for uri in self.objects if uri == prefix or uri.startswith(f"{prefix}/"))

    async def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        return self._sign("PUT", uri, md5, ttl_s)

    async def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        return self._sign("GET", uri, None, ttl_s)

    # What a server of signed URLs does

    async def answer(self, method: str, url: str, body: bytes, now: int) -> bytes:
        """Do what a request asks for. Raises `PermissionDenied` if its URL does not allow that."""
        grant = self._grants.get(url)
        if grant is None or grant.method != method or now >= grant.expires_at:
            raise PermissionDenied("BadSignature", f"{url} does not allow this")
        if method == "GET":
            return await self.get(grant.uri)
        if grant.md5 is not None and hashlib.md5(body).digest() != grant.md5:
            raise InvalidInput("DigestMismatch", "other content was announced")
        if not grant.uri.endswith("/"):
            await self.put(grant.uri, body)
        elif body:
            raise InvalidInput("BadObjectName", "a folder has no content")
        return b""

    def _sign(self, method: str, uri: str, md5: bytes | None, ttl_s: int) -> SignedUrl:
        url = f"memory:{next(self._numbers)}"
        expires_at = time.time_ns() // 1000 + ttl_s * 1_000_000
        self._check(uri.removesuffix("/"))
        self._grants[url] = Grant(method, uri, md5, expires_at)
        return SignedUrl(url, expires_at)

    def _check(self, uri: str) -> str:
        """Raises `InvalidInput` for what is no URI of this store."""
        root = f"{self._root}/"
        if not uri.startswith(root) or not all(map(is_segment, uri.removeprefix(root).split("/"))):
            raise InvalidInput("OutsideStore", f"{uri!r} is not in the object store {self._root}")
        return uri


def is_segment(text: str) -> bool:
    return text not in ("", ".", "..") and "\0" not in text and len(text) <= 255
