"""Maintenance of the store: rows that mean nothing any more, which one process removes for all.

A duty of `leadership`. Which rows these are, each concern of the store says (`store/expiring.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

from alula.server.measures import Metric, Reading
from alula.server.store import Store
from alula.server.store.expiring import Expiring
from alula.server.store.leases import Lease

EVERY_S = 300.0
PORTION = 500
"""Rows that one transaction removes, so that no commit waits long for it."""
REMOVED = Metric(
    "alula_rows_removed_total", "counter", "Rows of the store that meant nothing any more and were removed.", ("kind",)
)

logger = logging.getLogger(__name__)


class Maintenance:
    """Call it under the lease to do all of it once."""

    def __init__(self, store: Store) -> None:
        self._outbox = store.outbox
        self._expiring: dict[str, Expiring] = {
            "runners": store.ownership,
            "reservations": store.reservations,
            "holds": store.holds,
            "messages": store.outbox,
            "watches": store.watches,
        }
        self._removed = Counter[str]()

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to do it again."""
        for name in await self._outbox.forget_overdue(lease):
            logger.warning("the consumer %s has taken no message for too long: it is told nothing more", name)
        for kind, concern in self._expiring.items():
            while count := await concern.remove_expired(lease, limit=PORTION):
                self._removed[kind] += count
                await asyncio.sleep(0)
        return EVERY_S

    def measure(self) -> Iterable[Reading]:
        """The figure of rows that this process has removed."""
        yield Reading(REMOVED, {(kind,): self._removed[kind] for kind in self._expiring})
