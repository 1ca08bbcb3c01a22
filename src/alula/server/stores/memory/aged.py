"""Rows that go by their age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from alula.core.ids import Place
from alula.core.policy.retention import Rows
from alula.server.store.aged import Amount
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases


class Aged:
    """`kinds` are the rows of each kind that may go at all."""

    def __init__(self, leases: Leases, audits: Audits, kinds: Mapping[Rows, Callable[[], Iterable[AgedRow]]]) -> None:
        self._leases = leases
        self._audits = audits
        self._kinds = kinds

    async def places(self, of: Rows, before: int) -> list[Place]:
        return sorted({row.place for row in self._old(of, before)})

    async def amount(self, of: Rows, place: Place, before: int) -> Amount:
        sizes = [row.bytes for row in self._old(of, before) if row.place == place and not row.is_part]
        return Amount(len(sizes), sum(sizes))

    async def remove(
        self, lease: Lease, of: Rows, place: Place, before: int, *, limit: int, audit: Audit | None = None
    ) -> int:
        self._leases.require(lease)
        old = [row for row in self._old(of, before) if row.place == place][:limit]
        for row in old:
            row.remove()
        if old and audit is not None:
            self._audits.append(audit)
        return len(old)

    def _old(self, of: Rows, before: int) -> Iterator[AgedRow]:
        return (row for row in self._kinds[of]() if row.at <= before)
