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
from alula.server.blob import SignedUrl

ROOT = "/objects"
PIECE_BYTES = 256 * 1024


class Grant(NamedTuple):
    """What the holder of a signed URL may do."""

    method: str
    uri: str
    md5: bytes | None
    expires_at: int


class MemoryBlobs:
    """`Blobs` in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
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
        return check("/".join((ROOT, *parts))) if parts else ROOT

    async def put(self, uri: str, data: bytes) -> None:
        if self.objects.setdefault(check(uri), data) != data:
            raise AlreadyExists("ObjectExists", f"`{uri}` exists with other bytes")

    async def get(self, uri: str) -> bytes:
        if check(uri) not in self.objects:
            raise NotFound("ObjectNotFound", f"there is no object `{uri}`")
        return self.objects[uri]

    async def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        data = await self.get(uri)
        for start in range(offset, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]

    async def size(self, uri: str) -> int | None:
        return len(self.objects[uri]) if check(uri) in self.objects else None

    async def list(self, prefix: str) -> list[str]:
        if prefix != ROOT:
            check(prefix)
        return sorted(uri for uri in self.objects if uri == prefix or uri.startswith(f"{prefix}/"))

    async def delete(self, prefix: str) -> None:
        for uri in await self.list(check(prefix)):
            del self.objects[uri]

    def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        return self._sign("PUT", uri, md5, ttl_s)

    def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
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
        check(uri.removesuffix("/"))
        self._grants[url] = Grant(method, uri, md5, expires_at)
        return SignedUrl(url, expires_at)


def check(uri: str) -> str:
    """Raises `InvalidInput` for what is no URI of this store."""
    segments = uri.removeprefix(f"{ROOT}/").split("/")
    if not uri.startswith(f"{ROOT}/") or not all(map(is_segment, segments)):
        raise InvalidInput("OutsideStore", f"{uri!r} is not in the object store {ROOT}")
    return uri


def is_segment(text: str) -> bool:
    return text not in ("", ".", "..") and "\0" not in text and len(text) <= 255
