"""Delivery: brings the messages of the outbox to their consumers.

A duty of `leadership` for each consumer, so that one process delivers at a time, and in order. A message leaves the
outbox when its consumer has returned. If the process dies before, or the consumer raises an error, it is delivered
again, before all later ones: at least once, with the same number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from alula.server.measures import Metric, Reading
from alula.server.store.leases import Lease
from alula.server.store.news import News
from alula.server.store.outbox import Consumer, Outbox, OutboxMessage

PORTION = 200
"""Messages that are delivered at once."""
CLAIM_US = 60_000_000
"""The time for which a portion is kept from others than the next leader, which takes it at once."""
DELIVERED = Metric(
    "alula_messages_delivered_total", "counter", "Messages about runs that a consumer has taken.", ("consumer",)
)

Deliver = Callable[[Sequence[OutboxMessage]], Awaitable[None]]
"""Act on messages. Raises `Unavailable` for trouble that passes: all of them come again soon."""


async def _always() -> bool:
    return True


def _any(_: News) -> bool:
    return True


class Subscription(msgspec.Struct, frozen=True):
    """A consumer, with what acts on its messages."""

    consumer: Consumer
    deliver: Deliver
    is_wanted: Callable[[], Awaitable[bool]] = _always
    """True if there may be messages for the consumer. If it may be False, something else sees to the registration when
    that changes."""
    concerns: Callable[[News], bool] = _any
    """True for news of a commit that may have left a message for the consumer. Others lead to no look at the outbox."""


class Delivery:
    """Call it under the lease to deliver what there is. It asks again every `recheck_s`."""

    def __init__(self, outbox: Outbox, subscription: Subscription, *, recheck_s: float) -> None:
        self._outbox = outbox
        self._consumer = subscription.consumer
        self._deliver = subscription.deliver
        self._is_wanted = subscription.is_wanted
        self._recheck_s = recheck_s
        self._begun_in = 0
        """The term of the lease in which this process began to deliver, if nothing went wrong since."""
        self._delivered = 0

    async def register(self) -> None:
        """Have all that is committed from now on delivered, if that is wanted."""
        if await self._is_wanted():
            await self._outbox.register(self._consumer)

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        is_new_term, self._begun_in = lease.term != self._begun_in, 0  # whatever fails below, it begins anew
        if not await self._is_wanted():  # a read, where a claim would be a write
            return self._recheck_s
        if is_new_term:
            await self.register()  # it may have been forgotten meanwhile
            await self._outbox.release(self._consumer.name, under=lease)
        while messages := await self._claim(lease):
            await self._deliver(messages)
            await self._outbox.acknowledge(self._consumer.name, [message.number for message in messages])
            self._delivered += len(messages)
        self._begun_in = lease.term
        return self._recheck_s

    def measure(self) -> Iterable[Reading]:
        """The figure of messages that this process has delivered."""
        yield Reading(DELIVERED, {(self._consumer.name,): self._delivered})

    async def _claim(self, lease: Lease) -> Sequence[OutboxMessage]:
        return await self._outbox.claim(self._consumer.name, limit=PORTION, lease_us=CLAIM_US, under=lease)
