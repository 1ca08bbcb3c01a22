"""Objects in memory, as `Blobs` has them. What the simulated tasks and the runner share; outlives every crash."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flyteidl.core import literals_pb2

from alula.core.errors import AlreadyExists, NotFound
from alula.core.literals.parts import parts
from alula.server.blob import SignedUrl

ROOT = "/objects"


class MemoryBlobs:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

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

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def uri(self, *parts: str) -> str:
        return "/".join((ROOT, *parts))

    async def put(self, uri: str, data: bytes) -> None:
        if self.objects.setdefault(uri, data) != data:
            raise AlreadyExists("ObjectExists", f"`{uri}` exists with other bytes")

    async def get(self, uri: str) -> bytes:
        if uri not in self.objects:
            raise NotFound("ObjectNotFound", f"there is no object `{uri}`")
        return self.objects[uri]

    async def read(self, uri: str, *, offset: int = 0) -> AsyncIterator[bytes]:
        yield (await self.get(uri))[offset:]

    async def size(self, uri: str) -> int | None:
        return len(self.objects[uri]) if uri in self.objects else None

    async def list(self, prefix: str) -> list[str]:
        return sorted(uri for uri in self.objects if uri.startswith(prefix))

    async def delete(self, prefix: str) -> None:
        for uri in await self.list(prefix):
            del self.objects[uri]

    def upload_url(self, uri: str, *, md5: bytes | None, ttl_s: int) -> SignedUrl:
        raise AssertionError("nobody uploads in a simulation")

    def download_url(self, uri: str, *, ttl_s: int) -> SignedUrl:
        raise AssertionError("nobody downloads in a simulation")
