"""The duties of a platform: what one process does for all that share its store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from alula.server.delivery import Delivery, Subscription
from alula.server.leadership import Leadership
from alula.server.maintenance import Maintenance
from alula.server.measures import Measured, Measures
from alula.server.store import Store
from alula.server.store.leases import Lease
from alula.server.store.news import News


class MeasuredDuty(Measured, Protocol):
    async def __call__(self, lease: Lease) -> float: ...


class Duties:
    """The duties that this process takes part in. `process` is its name in this life; `recheck_s` is the interval at
    which a delivery looks for messages although nothing was heard of any commit."""

    def __init__(self, store: Store, measures: Measures, process: str, *, lease_us: int, recheck_s: float) -> None:
        self._store = store
        self._measures = measures
        self._process = process
        self._lease_us = lease_us
        self._recheck_s = recheck_s
        self._leaderships: list[Leadership] = []
        self._deliveries: list[tuple[Subscription, Leadership]] = []
        self.add("maintenance", Maintenance(store))

    async def deliver(self, subscriptions: Sequence[Subscription]) -> None:
        """Deliver to these, too: all that is committed from now on."""
        for subscription in subscriptions:
            delivery = Delivery(self._store.outbox, subscription, recheck_s=self._recheck_s)
            await delivery.register()
            leadership = self.add(f"delivery-{subscription.consumer.name}", delivery)
            self._deliveries.append((subscription, leadership))

    def hear(self, news: News) -> None:
        """There may be something to deliver to those that this concerns."""
        for subscription, leadership in self._deliveries:
            if subscription.concerns(news):
                leadership.wake()

    def miss(self) -> None:
        """There may be something to deliver to each."""
        for _, leadership in self._deliveries:
            leadership.wake()

    def start(self) -> None:
        """Have them done, here or by another process."""
        for leadership in self._leaderships:
            leadership.start()

    async def stop(self) -> None:
        """Leave them to other processes."""
        await asyncio.gather(*(leadership.stop() for leadership in self._leaderships))

    async def wait(self) -> None:
        """Block until one ends by an error that is a bug, and raise that."""
        await asyncio.gather(*(leadership.wait() for leadership in self._leaderships))

    def add(self, name: str, duty: MeasuredDuty) -> Leadership:
        """Take part in one more, before they start."""
        leadership = Leadership(self._store.leases, self._process, name, duty, lease_us=self._lease_us)
        for room in (duty, leadership):
            self._measures.add(room)
        self._leaderships.append(leadership)
        return leadership
