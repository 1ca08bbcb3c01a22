"""Backfills: their rows, those of their slots, and the runs that slots start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BackfillRecord, SlotRecord
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedules import Followed, Launch


class BackfillStep(NamedTuple):
    """A change of a backfill, from what was read to what is to be."""

    before: BackfillRecord
    after: BackfillRecord
    slots: Sequence[SlotRecord] = ()
    """Those that change, as they are then."""


class Backfills(Protocol):
    async def create(self, backfill: BackfillRecord, slots: Sequence[SlotRecord], audit: Audit) -> bool:
        """Keep a new one. False if there is one of this name."""
        ...

    async def get(self, id: ExecutionId) -> BackfillRecord | None: ...

    async def page(self, query: Query) -> list[BackfillRecord]: ...

    async def slots(self, id: ExecutionId, query: Query) -> list[SlotRecord]:
        """A page of the slots of one."""
        ...

    async def open(self) -> list[BackfillRecord]:
        """Those that have something to do, the oldest first: all that have not ended, without those that are paused
        and have no open run."""
        ...

    async def follow(self, lease: Lease, step: BackfillStep, *, launch: Launch | None = None) -> Followed:
        """Note a step, and start the run of a slot, in one transaction. Raises `LeaseLost`."""
        ...

    async def change(self, before: BackfillRecord, after: BackfillRecord, audit: Audit) -> bool:
        """Pause, resume or cancel one. False if it was changed since it was read; then nothing is written."""
        ...
