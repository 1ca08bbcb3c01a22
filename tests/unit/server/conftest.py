"""A platform in memory: use cases without a wire, a runner or a wall clock."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alula.server.access import EverybodyMay
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.logs.objects import ObjectLogs
from alula.server.services.platform import Platform
from alula.server.services.watch import Hub
from alula.server.stores.memory.adapter import MemoryStore

START_US = 1_700_000_000_000_000


@pytest.fixture
def caller() -> Caller:
    return Caller("ada")


@pytest.fixture
async def platform(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Platform]:
    ticks = itertools.count(START_US, 1_000_000)
    seeds = itertools.count(1)
    store = MemoryStore()
    blobs = FileBlobs(tmp_path / "objects", tmp_path / "key", base_url="http://test")
    await store.start()
    await blobs.start()
    platform = Platform(
        store=store,
        blobs=blobs,
        logs=ObjectLogs(blobs),
        access=EverybodyMay(),
        hub=Hub(),
        clock=lambda: next(ticks),
        random_bytes=lambda count: next(seeds).to_bytes(count, "big"),
        http_endpoint="http://test",
    )
    store.on_news(platform.hub.publish, platform.hub.miss)
    yield platform
    await store.stop()
