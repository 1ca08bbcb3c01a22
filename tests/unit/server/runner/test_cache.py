"""A look-up in the cache: what is there, what is not, and what can't be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from flyteidl.core import literals_pb2

from alula.core.engine.actions import LookUpCache
from alula.core.engine.events import CacheHit, CacheMissed
from alula.core.engine.records import CacheEntry
from alula.core.errors import Unavailable
from alula.core.policy.cache_key import CacheKey
from alula.server.blobs.file import FileBlobs
from alula.server.runner.cache import look_up

pytestmark = pytest.mark.anyio

KEY = CacheKey("p", "d", "task", "1", "interface", {}, "digest")
ACTION = LookUpCache(0, 0, KEY)


class Catalog:
    """The one method of a store that is asked."""

    def __init__(self, entry: CacheEntry | None = None, *, failing: bool = False) -> None:
        self.entry = entry
        self.failing = failing

    async def cached(self, key: CacheKey) -> CacheEntry | None:
        if self.failing:
            raise Unavailable("StoreUnreachable", "the database is away")
        return self.entry


@pytest.fixture
async def blobs(tmp_path: Path):
    store = FileBlobs(tmp_path / "objects", tmp_path / "signing.key", base_url="http://localhost")
    await store.start()
    yield store
    await store.stop()


def file_at(uri: str) -> bytes:
    outputs = literals_pb2.LiteralMap()
    outputs.literals["o0"].scalar.blob.uri = uri
    return outputs.SerializeToString()


async def answer(catalog: Catalog, blobs: FileBlobs):
    return await look_up(catalog, blobs, ACTION, lambda: 7)  # pyright: ignore[reportArgumentType]


async def test_an_entry_whose_file_is_there_is_a_hit(blobs: FileBlobs) -> None:
    uri = blobs.uri("data", "a.txt")
    await blobs.put(uri, b"kept")
    found = await answer(Catalog(CacheEntry(KEY, file_at(uri), "run/n0/0", 1)), blobs)
    assert found == CacheHit(7, 0, 0, file_at(uri), "run/n0/0")


async def test_an_entry_whose_file_is_gone_is_a_miss(blobs: FileBlobs) -> None:
    entry = CacheEntry(KEY, file_at(blobs.uri("data", "gone.txt")), "run/n0/0", 1)
    assert await answer(Catalog(entry), blobs) == CacheMissed(7, 0, 0)


async def test_a_file_of_somebody_else_is_not_looked_for(blobs: FileBlobs) -> None:
    entry = CacheEntry(KEY, file_at("s3://elsewhere/a.txt"), "run/n0/0", 1)
    assert isinstance(await answer(Catalog(entry), blobs), CacheHit)


async def test_a_catalog_that_can_not_answer_is_a_miss_that_says_so(blobs: FileBlobs) -> None:
    assert await answer(Catalog(failing=True), blobs) == CacheMissed(7, 0, 0, failed=True)
