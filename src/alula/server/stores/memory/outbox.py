"""The outbox: messages of commits for consumers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.stores.memory.leases import Leases
from alula.server.stores.outgoing import Told


class _Waiting(msgspec.Struct):
    consumer: str
    message: OutboxMessage
    written_at: int
    claimed_until: int = 0


class Outbox:
    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._consumers: dict[str, Consumer] = {}
        self._rows: dict[int, _Waiting] = {}
        self._last = 0

    async def register(self, consumer: Consumer) -> bool:
        return self.put(consumer)

    def put(self, consumer: Consumer) -> bool:
        """Register one at once."""
        is_new = consumer.name not in self._consumers
        self._consumers[consumer.name] = consumer
        return is_new

    async def forget(self, name: str) -> None:
        self.drop(name)

    def drop(self, name: str) -> None:
        """Forget one at once."""
        self._consumers.pop(name, None)

    async def forget_overdue(self, lease: Lease) -> list[str]:
        self._leases.require(lease)
        now = self._leases.now()
        oldest = {name: next((row.written_at for row in self._of(name)), now + 1) for name in self._consumers}
        overdue = [each.name for each in self._consumers.values() if oldest[each.name] <= now - each.keep_us]
        for name in overdue:
            del self._consumers[name]
        return overdue

    async def claim(
        self, consumer: str, *, limit: int, lease_us: int, under: Lease | None = None
    ) -> list[OutboxMessage]:
        if under is not None:
            self._leases.require(under)
        now = self._leases.now()
        free = [row for row in self._of(consumer) if row.claimed_until <= now][:limit]
        for row in free:
            row.claimed_until = now + lease_us
        return [row.message for row in free]

    async def release(self, consumer: str, *, under: Lease) -> None:
        self._leases.require(under)
        for row in self._of(consumer):
            row.claimed_until = 0

    async def acknowledge(self, consumer: str, numbers: Sequence[int]) -> None:
        for row in self._of(consumer):
            if row.message.number in numbers:
                del self._rows[row.message.number]

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        self._leases.require(lease)
        for_nobody = [number for number, row in self._rows.items() if row.consumer not in self._consumers][:limit]
        for number in for_nobody:
            del self._rows[number]
        return len(for_nobody)

    def tell(self, of: ExecutionRecord, news: Iterable[Told]) -> None:
        """Leave messages for all consumers that take news of this kind."""
        for kind, node_id, phase, at in news:
            for consumer in self._consumers.values():
                if consumer.nodes or kind == "run":
                    self._last += 1
                    message = OutboxMessage(self._last, kind, of.id, of.incarnation, node_id, phase, at)
                    self._rows[self._last] = _Waiting(consumer.name, message, self._leases.now())

    def _of(self, consumer: str) -> list[_Waiting]:
        return [row for row in self._rows.values() if row.consumer == consumer]
