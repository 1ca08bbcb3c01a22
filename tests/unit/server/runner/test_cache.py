"""A look-up in the cache: what is there, what is not, what can't be told, and who computes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from flyteidl.core import literals_pb2
from tests.contract.store.records import audit, commit, execution

from alula.core.engine.actions import LookUpCache
from alula.core.engine.events import CacheAwaited, CacheHit, CacheMissed
from alula.core.engine.records import CacheEntry, Changes, Released
from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.blobs.file import FileBlobs
from alula.server.runner.cache import Answer, Lookups
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio

KEY = CacheKey("p", "d", "task", "1", "interface", {"x": "h1"}, "digest", {"x": "1"})
ACTION = LookUpCache(0, 0, KEY)
FIRST, SECOND = (f"flytesnacks/development/{name}/n0" for name in ("first", "second"))


@pytest.fixture
async def blobs(tmp_path: Path):
    store = FileBlobs(tmp_path / "objects", tmp_path / "signing.key", base_url="http://localhost")
    await store.start()
    yield store
    await store.stop()


class Scene:
    """A store with two executions, and the look-ups of one runner on it."""

    def __init__(self, blobs: FileBlobs) -> None:
        self.store = MemoryStore()
        self.lookups = Lookups(self.store, blobs, lambda: 7)
        self._written: dict[ExecutionId, int] = {}

    async def start(self) -> Scene:
        for name in ("first", "second"):
            await self.store.executions.create(execution(name), b"created", audit())
        return self

    async def write(self, name: str, **changes: object) -> None:
        """A commit of an execution, and what the runner does after it."""
        id = execution(name).id
        seq = self._written[id] = self._written.get(id, 0) + 1
        assert await self.store.log.commit([commit(id, seq, b"event", changes=Changes(**changes))]) == [True]  # pyright: ignore
        self.lookups.released(changes.get("released", ()))  # pyright: ignore

    async def answer(self, holder: str = "", *, wait: bool = False, wanted: bool = True) -> Answer | None:
        return await self.lookups.answer(execution("first").id, LookUpCache(0, 0, KEY, holder, wait), lambda: wanted)

    async def waiting(self) -> asyncio.Task[Answer | None]:
        """Somebody who waits for the result."""
        waiting = asyncio.create_task(self.answer(wait=True))
        while not self.lookups._waiting:
            await asyncio.sleep(0)
        return waiting


@pytest.fixture
async def scene(blobs: FileBlobs) -> Scene:
    return await Scene(blobs).start()


def entry(outputs: bytes = b"", key: CacheKey = KEY) -> CacheEntry:
    return CacheEntry(key, outputs, "run/n0/0", 1)


def file_at(uri: str) -> bytes:
    outputs = literals_pb2.LiteralMap()
    outputs.literals["o0"].scalar.blob.uri = uri
    return outputs.SerializeToString()


MADE = file_at("s3://elsewhere/made.txt")


async def test_an_entry_whose_file_is_there_is_a_hit(scene: Scene, blobs: FileBlobs) -> None:
    uri = blobs.uri("data", "a.txt")
    await blobs.put(uri, b"kept")
    await scene.write("first", published=[entry(file_at(uri))])
    assert await scene.answer() == CacheHit(7, 0, 0, file_at(uri), "run/n0/0")


async def test_an_entry_whose_file_is_gone_is_a_miss(scene: Scene, blobs: FileBlobs) -> None:
    await scene.write("first", published=[entry(file_at(blobs.uri("data", "gone.txt")))])
    assert await scene.answer() == CacheMissed(7, 0, 0, why="its files are gone", nearest="run/n0/0")


async def test_a_file_of_somebody_else_is_not_looked_for(scene: Scene) -> None:
    await scene.write("first", published=[entry(file_at("s3://elsewhere/a.txt"))])
    assert isinstance(await scene.answer(), CacheHit)


async def test_a_reservation_of_which_no_answer_came_may_be_there(scene: Scene) -> None:
    async def take(key: CacheKey, holder: str) -> str:
        raise Unavailable("StoreUnreachable", "the connection broke")

    scene.store.reservations.take = take  # type: ignore[method-assign]
    assert await scene.answer(holder="p/d/e0/n0") == CacheMissed(7, 0, 0, failed=True, reserved=True)


async def test_a_catalog_that_can_not_answer_is_a_miss_that_says_so(scene: Scene) -> None:
    async def get(key: CacheKey) -> CacheEntry | None:
        raise Unavailable("StoreUnreachable", "the database is away")

    scene.store.catalog.get = get
    assert await scene.answer() == CacheMissed(7, 0, 0, failed=True)


async def test_a_miss_says_what_is_different_from_the_nearest_entry(scene: Scene) -> None:
    near = CacheKey("p", "d", "task", "1", "interface", {"x": "h2"}, "near", {"x": "2"})
    far = CacheKey("p", "d", "task", "0", "interface", {"x": "h3"}, "far", {"x": "3"})
    await scene.write("first", published=[entry(key=near), CacheEntry(far, b"", "run/n9/0", 2)])
    missed = await scene.answer()
    assert missed == CacheMissed(7, 0, 0, why="input `x` changed from 2 to 1", nearest="run/n0/0")


RESERVED = CacheMissed(7, 0, 0, reserved=True)


async def test_a_result_is_reserved_by_the_first_and_awaited_by_the_others(scene: Scene) -> None:
    assert await scene.answer(FIRST) == RESERVED
    assert await scene.answer(SECOND) == CacheAwaited(7, 0, 0, FIRST)


async def test_who_waits_takes_what_the_other_has_made(scene: Scene) -> None:
    await scene.answer(FIRST)
    waiting = await scene.waiting()
    await scene.write("first", published=[entry(MADE)], released=[Released(KEY, FIRST)])
    assert await waiting == CacheHit(7, 0, 0, MADE, "run/n0/0")


async def test_a_node_does_not_wait_for_itself(scene: Scene) -> None:
    """A runner that had lost the execution, and did not know, has reserved for it."""
    await scene.store.reservations.take(KEY, SECOND)
    assert await scene.answer(SECOND, wait=True) == CacheMissed(7, 0, 0)
    assert await scene.answer(SECOND) == RESERVED


async def test_who_waits_goes_on_when_the_other_came_to_nothing(scene: Scene) -> None:
    await scene.answer(FIRST)
    waiting = await scene.waiting()
    await scene.write("first", released=[Released(KEY, FIRST)])
    assert await waiting == CacheMissed(7, 0, 0)


async def test_nobody_waits_for_what_nobody_computes(scene: Scene) -> None:
    assert await scene.answer(wait=True) == CacheMissed(7, 0, 0)


async def test_who_comes_late_to_reserve_finds_the_result(scene: Scene) -> None:
    await scene.write("first", published=[entry(MADE)])
    assert await scene.answer(SECOND) == CacheHit(7, 0, 0, MADE, "run/n0/0")
    assert await scene.store.reservations.holder(KEY) == ""


async def test_the_same_holder_has_it_still_after_a_crash(scene: Scene) -> None:
    assert await scene.answer(FIRST) == RESERVED
    assert await scene.answer(FIRST) == RESERVED


async def test_what_nobody_wants_any_more_is_not_held(scene: Scene) -> None:
    assert await scene.answer(FIRST, wanted=False) is None
    assert await scene.answer(SECOND) == RESERVED
    assert await scene.answer(wait=True, wanted=False) is None
