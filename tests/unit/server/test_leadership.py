"""Leadership, in virtual time: one of several processes does a duty, and the next when that one is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.simulation import virtual_time

from alula.core.errors import Unavailable
from alula.server.leadership import INCIDENT_RETRY_S, Duty, Leadership
from alula.server.store.leases import Lease
from alula.server.stores.memory.adapter import MemoryStore

LEASE_S = 30.0
EVERY_S = 7.0
AWAY = Unavailable("StoreUnreachable", "nobody answers")


def now_s() -> float:
    return asyncio.get_running_loop().time()


class Scene:
    """A store, and who did the duty when."""

    def __init__(self) -> None:
        self.store = MemoryStore(clock=lambda: round(now_s() * 1e6))
        self.done: list[tuple[float, str]] = []
        self.reach: dict[str, Callable[[], Awaitable[None]]] = {}
        """What a call of a process waits for before it comes to the store."""

    def leadership(self, holder: str, duty: Duty | None = None) -> Leadership:
        async def do(lease: Lease) -> float:
            assert lease.holder == holder
            self.done.append((now_s(), holder))
            return EVERY_S

        leases: Any = _Reached(self, holder)
        return Leadership(leases, holder, "sweep", duty or do, lease_us=round(LEASE_S * 1e6))

    def by(self, holder: str) -> list[float]:
        return [at for at, by in self.done if by == holder]


class _Reached:
    """The leases of a scene, as one process reaches them."""

    def __init__(self, scene: Scene, holder: str) -> None:
        self._scene = scene
        self._holder = holder

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            await self._scene.reach.get(self._holder, _at_once)()
            return await getattr(self._scene.store.leases, name)(*args, **named)

        return call


async def _at_once() -> None:
    return None


async def _away() -> None:
    raise AWAY


async def _never() -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def running(*leaderships: Leadership) -> AsyncIterator[None]:
    for each in leaderships:
        each.start()
    try:
        yield
    finally:
        for each in leaderships:
            await each.stop()


def test_the_first_does_it_again_and_again_and_the_second_does_not() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(a, b):
            await asyncio.sleep(10 * LEASE_S)
            assert scene.by("a") == [n * EVERY_S for n in range(len(scene.done))]
            assert len(scene.done) == 10 * LEASE_S // EVERY_S + 1
            assert a.lease is not None and a.lease.term == 1 and b.lease is None

    virtual_time.run(story())


def test_a_leader_that_is_woken_looks_at_once_and_another_process_does_not() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(a, b):
            await asyncio.sleep(3)
            a.wake()
            b.wake()
            await asyncio.sleep(EVERY_S)
            assert scene.done == [(0, "a"), (3, "a"), (3 + EVERY_S, "a")]

    virtual_time.run(story())


def test_when_the_leader_dies_the_next_has_it_as_soon_as_the_lease_has_ended() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(a, b):
            await asyncio.sleep(25)  # it was renewed at 10 and 20
            scene.reach["a"] = _never
            a._task.cancel()  # type: ignore[union-attr]  (a death lets go of nothing)
            await asyncio.sleep(LEASE_S)
            assert scene.by("b")[0] == 20 + LEASE_S
            assert b.lease is not None and b.lease.term == 2
            scene.reach.clear()

    virtual_time.run(story())


def test_a_leader_that_stops_lets_go_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(b):
            await b.stop()
            async with running(a, b):
                await asyncio.sleep(1)
                await a.stop()
                await asyncio.sleep(LEASE_S / 3)
                assert b.lease is not None

    virtual_time.run(story())


@pytest.mark.parametrize("trouble", [_away, _never], ids=["refuses", "hangs"])
def test_a_leader_that_can_not_renew_ends_its_work_before_another_may_begin(trouble: Any) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(a, b):
            await asyncio.sleep(1)
            scene.reach["a"] = trouble
            await asyncio.sleep(2 * LEASE_S)
            assert scene.by("a")[-1] < LEASE_S <= scene.by("b")[0]
            assert a.lease is None and b.lease is not None
            scene.reach.clear()

    virtual_time.run(story())


def test_one_that_lost_it_can_be_elected_again() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = scene.leadership("a"), scene.leadership("b")
        async with running(a, b):
            await asyncio.sleep(1)
            scene.reach["a"] = _away
            await asyncio.sleep(2 * LEASE_S)
            scene.reach.clear()
            await b.stop()
            await asyncio.sleep(LEASE_S)
            assert a.lease is not None and a.lease.term == 3

    virtual_time.run(story())


def test_an_answer_that_comes_late_counts_from_when_it_was_asked_for() -> None:
    async def story() -> None:
        scene = Scene()
        a = scene.leadership("a")

        async def late() -> None:
            await asyncio.sleep(LEASE_S)

        scene.reach["a"] = late
        async with running(a):
            await asyncio.sleep(LEASE_S + 1)
            assert scene.done == [] and a.lease is None
            scene.reach.clear()

    virtual_time.run(story())


def test_a_duty_that_is_refused_for_its_lease_ends_the_term() -> None:
    async def story() -> None:
        scene, terms = Scene(), list[int]()

        async def fenced(lease: Lease) -> float:
            terms.append(lease.term)
            scene.store.leases.require(lease)
            return EVERY_S

        a = scene.leadership("a", fenced)
        async with running(a):
            await asyncio.sleep(1)
            await scene.store.leases.release(None)
            taken = await scene.store.leases.claim("sweep", "b", lease_us=round(LEASE_S * 1e6))
            await asyncio.sleep(LEASE_S / 3 - 2)  # before it finds out by renewing
            assert a.lease is None and terms == [1, 1]
            await scene.store.leases.release("b")
            await asyncio.sleep(LEASE_S)
            assert a.lease is not None and terms[2] == taken.term + 1

    virtual_time.run(story())


def test_a_duty_that_breaks_is_tried_again_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        scene, tried = Scene(), list[float]()

        async def breaks(_lease: Lease) -> float:
            tried.append(now_s())
            raise AWAY if len(tried) == 1 else RuntimeError("a bug")

        a = scene.leadership("a", breaks)
        async with running(a):
            await asyncio.sleep(1 + 2.5 * INCIDENT_RETRY_S)
            assert tried == [0, 1, 1 + INCIDENT_RETRY_S, 1 + 2 * INCIDENT_RETRY_S]
            assert a.lease is not None and a.lease.term == 1

    virtual_time.run(story())
    assert "incident" in caplog.text and "in the sweep" in caplog.text
