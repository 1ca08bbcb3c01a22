"""Removal of rows that go by their age, in small portions.

Each portion is a transaction, so a process that dies leaves what the next one goes on with. What is told in the audit
trail is written with the first portion of each kind and place.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from alula.core.policy.retention import ROWS, Limit, Rows
from alula.server.identity import SYSTEM
from alula.server.measures import Metric, Reading
from alula.server.services.aged import limits_of
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease

PORTION = 500
"""Rows that one transaction removes."""
PAUSE_S = 0.005
"""The time between two transactions that is left to others."""
REMOVED = Metric(
    "alula_aged_rows_removed_total", "counter", "Rows that were removed by their age, by rules of retention.", ("kind",)
)


class Aging:
    """Call it under the lease to remove all that is due."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._removed = Counter[Rows]()

    async def __call__(self, lease: Lease) -> bool:
        """Returns True if entries of the cache have gone: what they named may be named by nothing now."""
        before = self._removed["cache"]
        for of in ROWS:
            for limit in await limits_of(self._platform, of):
                await self._remove(lease, of, limit)
        return self._removed["cache"] > before

    def measure(self) -> Iterable[Reading]:
        """Counts of what this process has removed."""
        yield Reading(REMOVED, {(of,): self._removed[of] for of in ROWS})

    async def _remove(self, lease: Lease, of: Rows, limit: Limit) -> None:
        remove = self._platform.store.aged.remove
        audit: Audit | None = self._audit(of, limit)
        while count := await remove(lease, of, limit.place, limit.before, limit=PORTION, audit=audit):
            self._removed[of] += count
            audit = None
            await asyncio.sleep(PAUSE_S)

    def _audit(self, of: Rows, limit: Limit) -> Audit:
        project, domain = limit.place
        target, detail = f"{of} of {limit.place or 'the platform'}", f"rule {limit.rule}"
        return self._platform.audit(SYSTEM, "remove", target, project=project, domain=domain, detail=detail)
