"""Every object store, started, for every test of the suite; and a client that uses its signed URLs."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import pytest
from tests.objects.memory import MemoryBlobs
from tests.objects.servers import SERVERS, fresh

from alula.core.errors import AlreadyExists, InvalidInput, NotFound, PermissionDenied
from alula.server.blob import Blobs, SignedUrl
from alula.server.blobs.file import FileBlobs
from alula.server.blobs.object_store import ObjectStoreBlobs
from alula.server.blobs.options import ObjectOptions


class Objects(Protocol):
    """An object store, and what is at the other end of its signed URLs."""

    @property
    def blobs(self) -> Blobs: ...

    async def send(self, method: str, signed: SignedUrl, body: bytes = b"", *, now: int = 0) -> bytes:
        """Send a request with a URL and its headers, not before a time; returns the body of the answer.

        Raises the error that the refusal of a server means.
        """
        ...


class Files:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FileBlobs(folder / "objects", folder / "objects.key", base_url="http://localhost:1")

    async def send(self, method: str, signed: SignedUrl, body: bytes = b"", *, now: int = 0) -> bytes:
        """As the HTTP side answers."""
        parts = urllib.parse.urlsplit(signed.url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        grant = self.blobs.verify(method, urllib.parse.unquote(parts.path), query, now)
        if method == "GET":
            return b"".join([piece async for piece in self.blobs.read(self.blobs.uri_of(grant))])

        async def pieces() -> AsyncIterator[bytes]:
            yield body

        await self.blobs.write(grant, pieces())
        return b""


class Memory:
    """Objects in memory."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()

    async def send(self, method: str, signed: SignedUrl, body: bytes = b"", *, now: int = 0) -> bytes:
        return await self.blobs.answer(method, signed.url, body, now)


class Served:
    """Objects of a server, over HTTP."""

    def __init__(self, options: ObjectOptions) -> None:
        self.blobs = ObjectStoreBlobs(fresh(options))

    async def send(self, method: str, signed: SignedUrl, body: bytes = b"", *, now: int = 0) -> bytes:
        await asyncio.sleep(max(0, now - time.time_ns() // 1000) / 1_000_000)  # the server has a clock of its own
        request = urllib.request.Request(
            signed.url, data=body if method == "PUT" else None, method=method, headers=signed.headers
        )
        return await asyncio.to_thread(_answer, request)


def _answer(request: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as refusal:
        said = f"{request.full_url}: {refusal.code} {refusal.read()!r}"
        if "PermissionMismatch" in said and request.method == "PUT":  # Azure: it may create, and this is there
            raise AlreadyExists("Refused", said) from None
        meaning = {400: InvalidInput, 404: NotFound, 409: AlreadyExists, 412: AlreadyExists}
        raise meaning.get(refusal.code, PermissionDenied)("Refused", said) from None


@pytest.fixture(params=["files", "memory", *SERVERS])
async def objects(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str, served: Callable[[str], ObjectOptions]
) -> AsyncIterator[Objects]:
    kind = request.param
    objects: Objects = Files(tmp_path) if kind == "files" else Memory() if kind == "memory" else Served(served(kind))
    await objects.blobs.start()
    yield objects
    await objects.blobs.stop()


@pytest.fixture
def blobs(objects: Objects) -> Blobs:
    return objects.blobs
