"""Delivery: each message comes to its consumer at least once, in order, whatever the consumer does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from tests.contract.store.records import audit, execution, execution_id
from tests.simulation import virtual_time

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import Unavailable
from alula.server.delivery import CLAIM_US, DELIVERED, PORTION, Delivery, Subscription
from alula.server.duties import Duties
from alula.server.leadership import RETRY_S, Leadership
from alula.server.measures import Measures
from alula.server.store.leases import Lease
from alula.server.store.news import News
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.stores.memory.adapter import MemoryStore

RECHECK_S = 10.0


class Scene:
    """A store with a consumer, and what it was told."""

    def __init__(self) -> None:
        self.store = MemoryStore(clock=lambda: round(asyncio.get_running_loop().time() * 1e6))
        self.told: list[str] = []
        self.numbers: list[int] = []
        self.fails: list[Exception] = []
        self.delivery = Delivery(self.store.outbox, Subscription(Consumer("c"), self._deliver), recheck_s=RECHECK_S)

    async def _deliver(self, messages: Sequence[OutboxMessage]) -> None:
        self.numbers += [message.number for message in messages]
        if self.fails:
            raise self.fails.pop(0)
        self.told += [message.execution.name for message in messages]

    async def launch(self, *names: str) -> None:
        for name in names:
            await self.store.executions.create(execution(execution_id(name)), b"event", audit())

    async def lease(self) -> Lease:
        return await self.store.leases.claim("c", "a", lease_us=10**9)

    def leadership(self, holder: str = "a") -> Leadership:
        return Leadership(self.store.leases, holder, "c", self.delivery, lease_us=30_000_000)


def test_all_that_waits_is_delivered_in_portions_and_in_order() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.delivery.register()
        names = [f"a{number:04}" for number in range(2 * PORTION + 1)]
        await scene.launch(*names)
        assert await scene.delivery(await scene.lease()) == RECHECK_S
        assert scene.told == names
        assert await scene.store.outbox.claim("c", limit=1, lease_us=1) == []
        (reading,) = scene.delivery.measure()
        assert reading.metric is DELIVERED and reading.values["c",] == len(names)

    virtual_time.run(story())


def test_it_registers_by_itself_and_again_after_it_was_forgotten() -> None:
    async def story() -> None:
        scene = Scene()
        lease = await scene.lease()
        await scene.delivery(lease)
        await scene.launch("a")
        scene.fails.append(Unavailable("Away", "away"))
        with pytest.raises(Unavailable):
            await scene.delivery(lease)
        await scene.store.outbox.forget("c")
        await scene.delivery(lease)
        await scene.launch("b")
        await scene.delivery(lease)
        assert scene.told == ["a", "b"]

    virtual_time.run(story())


def test_what_a_consumer_refuses_for_now_comes_again_soon_and_first() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.delivery.register()
        await scene.launch("a")
        scene.fails += [Unavailable("Away", "away")] * 2
        leading = scene.leadership()
        leading.start()
        await asyncio.sleep(0.5)
        await scene.launch("b")
        await asyncio.sleep(2 * RETRY_S)
        assert scene.told == ["a", "b"]
        assert scene.numbers == [1, 1, 2, 1, 2], "with the same numbers"
        await leading.stop()

    virtual_time.run(story())


def test_what_a_process_died_over_is_delivered_by_the_next_at_once_and_in_order() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.delivery.register()
        await scene.launch("a")
        lease = await scene.store.leases.claim("c", "dead", lease_us=0)
        await scene.store.outbox.claim("c", limit=10, lease_us=CLAIM_US, under=lease)  # and no more is heard of it
        await scene.launch("b")
        await scene.delivery(await scene.lease())
        assert scene.told == ["a", "b"]

    virtual_time.run(story())


def test_one_that_is_woken_delivers_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        await scene.delivery.register()
        leading = scene.leadership()
        leading.start()
        await asyncio.sleep(1)
        await scene.launch("a")
        leading.wake()
        await asyncio.sleep(0.001)
        assert scene.told == ["a"]
        await leading.stop()

    virtual_time.run(story())


def test_only_news_that_concern_a_consumer_wake_its_delivery() -> None:
    async def story() -> None:
        scene = Scene()
        asked: list[float] = []

        async def is_wanted() -> bool:
            asked.append(asyncio.get_running_loop().time())
            return False

        def concerns(news: News) -> bool:
            return news.phase is ExecutionPhase.SUCCEEDED

        duties = Duties(scene.store, Measures(), "a", lease_us=30_000_000, recheck_s=1000)
        await duties.deliver([Subscription(Consumer("c"), scene._deliver, is_wanted, concerns)])
        duties.start()
        await asyncio.sleep(1)
        asked.clear()
        duties.hear(News(execution_id("a"), 1, ExecutionPhase.RUNNING))
        await asyncio.sleep(1)
        assert asked == []
        duties.hear(News(execution_id("a"), 2, ExecutionPhase.SUCCEEDED))
        await asyncio.sleep(1)
        assert len(asked) == 1
        duties.miss()
        await asyncio.sleep(1)
        assert len(asked) == 2
        await duties.stop()

    virtual_time.run(story())
