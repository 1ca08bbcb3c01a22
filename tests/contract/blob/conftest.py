"""Every object store, started, for every test of the suite; and a client that uses its signed URLs."""

from __future__ import annotations

import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.objects.memory import MemoryBlobs

from alula.server.blob import Blobs
from alula.server.blobs.file import FileBlobs


class Objects(Protocol):
    """An object store, and what is at the other end of its signed URLs."""

    blobs: Blobs

    async def send(self, method: str, url: str, body: bytes = b"", *, now: int = 0) -> bytes:
        """Send a request at a time of the server's clock; returns the body of the answer."""
        ...


class Files:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FileBlobs(folder / "objects", folder / "objects.key", base_url="http://localhost:1")

    async def send(self, method: str, url: str, body: bytes = b"", *, now: int = 0) -> bytes:
        """As the HTTP side answers."""
        parts = urllib.parse.urlsplit(url)
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

    def __init__(self, _: Path) -> None:
        self.blobs = MemoryBlobs()

    async def send(self, method: str, url: str, body: bytes = b"", *, now: int = 0) -> bytes:
        return await self.blobs.answer(method, url, body, now)


ADAPTERS = {"files": Files, "memory": Memory}


@pytest.fixture(params=ADAPTERS)
async def objects(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Objects]:
    objects = ADAPTERS[request.param](tmp_path)
    await objects.blobs.start()
    yield objects
    await objects.blobs.stop()


@pytest.fixture
def blobs(objects: Objects) -> Blobs:
    return objects.blobs
