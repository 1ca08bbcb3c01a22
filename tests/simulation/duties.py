"""What one host does for all: its duties are the platform's own, and a consumer is told everything that happens.

They draw numbers of their own, so that they leave the course of everything else as it is.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import Unavailable
from alula.core.ids import ExecutionId
from alula.server.delivery import Subscription
from alula.server.duties import Duties
from alula.server.measures import Measures
from alula.server.runner.lease import LEASE_US
from alula.server.store.leases import Lease
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.store.query import Query

if TYPE_CHECKING:
    from tests.simulation.host import Life
    from tests.simulation.world import World

CONSUMER = Consumer("everything", nodes=True)
RECHECK_S = 10.0
DRAIN_S = 4 * LEASE_US / 1_000_000
"""How long the last messages may take when no fault comes any more: a leader may have died, and the next not begun."""
ALL = Query(limit=100_000)


class Apart:
    """A world with random numbers of its own."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self.random = Random(f"{world.seed}-{name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def hit(self, fault: str, *, times: float = 1) -> bool:
        return type(self._world).hit(self, fault, times=times)  # type: ignore[arg-type]


async def begin_duties(life: Life, store: Any, apart: Apart) -> None:
    """Begin those of one life of a host. Raises what the store does."""
    duties = Duties(store, Measures(), life.name, lease_us=LEASE_US, recheck_s=RECHECK_S)
    await duties.deliver([_subscription(life, apart)])
    duties.start()


def _subscription(life: Life, apart: Apart) -> Subscription:
    """The consumer, as one life of a host has it. It fails as often as the store, before or after it has heard."""

    async def deliver(messages: Sequence[OutboxMessage]) -> None:
        await life.goes_on()
        if apart.hit("store_refuses"):
            raise Unavailable("ConsumerAway", "it takes nothing")
        for message in messages:
            apart.heard.hear(message)
        await life.goes_on()
        if apart.hit("store_unknown"):
            raise Unavailable("ConsumerAway", "it has taken all, and says nothing")

    return Subscription(CONSUMER, deliver)


class Heard:
    """What the consumer was told."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages: dict[int, OutboxMessage] = {}
        self._of: dict[ExecutionId, list[OutboxMessage]] = defaultdict(list)

    def hear(self, message: OutboxMessage) -> None:
        before = self._messages.get(message.number)
        if before is None:
            self._messages[message.number] = message
            of_run = self._of[message.execution]
            if of_run and of_run[-1].number > message.number:
                self._world.violated(f"I17: {message} was told after {of_run[-1]}")
            of_run.append(message)
        elif before != message:
            self._world.violated(f"I17: {message} has the number of {before}")

    async def check_end(self) -> None:
        """I17: each run was told from its launch on, and the last that was told of it and its nodes is how they are."""
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        while await self._is_behind() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(1.0)
        for record in await self._world.store.executions.page(ALL):
            told = [message.phase for message in self._of[record.id] if message.kind == "run"]
            if told[:1] != [ExecutionPhase.QUEUED] or told[-1] != record.phase or len(told) != len(set(told)):
                self._world.violated(f"I17: {record.id} is {record.phase.name}, and of it was told {told}")
            last = {message.node_id: message.phase for message in self._of[record.id] if message.kind == "node"}
            for node in await self._world.store.nodes.page(record.id, None, ALL):
                if last.get(node.node_id) != node.phase:
                    told_of = last.get(node.node_id)
                    self._world.violated(f"I17: {node.node_id} of {record.id} is {node.phase.name}, told was {told_of}")

    async def _is_behind(self) -> bool:
        """Whether the end of a run was not told yet."""
        records = await self._world.store.executions.page(ALL)
        return any(not self._of[each.id] or self._of[each.id][-1].phase != each.phase for each in records)


class WatchedLeases:
    """The leases of a store, and whether two hold one (I18)."""

    def __init__(self, store: Any, violated: Any) -> None:
        self._store = store
        self._violated = violated
        self._given: dict[str, tuple[Lease, int]] = {}
        """The newest lease of each name, and until when it holds by the store's clock."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store.leases, name)

    async def claim(self, name: str, holder: str, *, lease_us: int) -> Lease:
        now = await self._store.now()
        lease: Lease = await self._store.leases.claim(name, holder, lease_us=lease_us)
        before, until = self._given.get(name, (None, 0))
        if before is None or (lease.holder, lease.term) != (before.holder, before.term):
            if before is not None and (until > now or lease.term <= before.term):
                self._violated(f"I18: {lease} was given although {before} holds for {until - now} us")
            self._given[name] = lease, now + lease.left_us
        return lease

    async def renew(self, lease: Lease, *, lease_us: int) -> Lease | None:
        renewed: Lease | None = await self._store.leases.renew(lease, lease_us=lease_us)
        if renewed is not None:
            self.check(renewed)
            self._given[lease.name] = renewed, await self._store.now() + renewed.left_us
        return renewed

    async def release(self, holder: str | None, name: str | None = None) -> None:
        await self._store.leases.release(holder, name)
        for each, (lease, _) in self._given.items():
            if holder in (None, lease.holder) and name in (None, each):
                self._given[each] = lease, 0

    def check(self, lease: Lease) -> None:
        """Something was done under a lease."""
        newest, _ = self._given[lease.name]
        if newest.term != lease.term:
            self._violated(f"I18: something was done under {lease}, and the newest is {newest}")


class Fenced:
    """A concern of a store, whose methods may name the lease under which something is done."""

    def __init__(self, concern: Any, leases: WatchedLeases) -> None:
        self._concern = concern
        self._leases = leases

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._concern, name)
        if name not in ("claim", "release", "remove_expired", "forget_overdue", "follow", "settle"):
            return method

        async def call(*args: Any, **named: Any) -> Any:
            result = await method(*args, **named)
            for given in (*args, *named.values()):
                if isinstance(given, Lease):
                    self._leases.check(given)
            return result

        return call
