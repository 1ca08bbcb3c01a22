"""Rows that go by their age, by rules of retention: which there are, and their removal in portions."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from alula.core.ids import Place
from alula.core.policy.retention import Rows
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease


class Amount(NamedTuple):
    """The extent of some rows."""

    rows: int
    bytes: int
    """Of the values in them, about."""


class Aged(Protocol):
    """What is still at work is never among them: an open backfill, a delivery that is to be tried."""

    async def places(self, of: Rows, before: int) -> list[Place]:
        """The projects and domains that have rows of this time or older."""
        ...

    async def amount(self, of: Rows, place: Place, before: int) -> Amount:
        """The extent of those of a place."""
        ...

    async def remove(
        self, lease: Lease, of: Rows, place: Place, before: int, *, limit: int, audit: Audit | None = None
    ) -> int:
        """Remove at most so many of them, and return their number; the slots of a backfill count, and go before it.
        What is told of it is written if there are any. Raises `LeaseLost`."""
        ...
