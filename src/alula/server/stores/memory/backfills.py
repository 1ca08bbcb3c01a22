"""Backfills and their slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from alula.core.ids import ExecutionId
from alula.core.policy.backfilling import BackfillState
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BACKFILLS, SLOTS, BackfillRecord, SlotRecord
from alula.server.store.backfills import BackfillStep
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.executions import Executions
from alula.server.stores.memory.leases import Leases


class Backfills:
    def __init__(self, audits: Audits, leases: Leases, executions: Executions) -> None:
        self._audits = audits
        self._leases = leases
        self._executions = executions
        self._rows: dict[ExecutionId, BackfillRecord] = {}
        self._slots: dict[ExecutionId, dict[int, SlotRecord]] = {}

    async def create(self, backfill: BackfillRecord, slots: Sequence[SlotRecord], audit: Audit) -> bool:
        if backfill.id in self._rows:
            return False
        self._rows[backfill.id] = backfill
        self._slots[backfill.id] = {slot.at: slot for slot in slots}
        self._audits.append(audit)
        return True

    async def get(self, id: ExecutionId) -> BackfillRecord | None:
        return self._rows.get(id)

    async def page(self, query: Query) -> list[BackfillRecord]:
        return lists.page_of(self._rows.values(), check(query, BACKFILLS), BACKFILLS)

    async def slots(self, id: ExecutionId, query: Query) -> list[SlotRecord]:
        return lists.page_of(self._slots.get(id, {}).values(), check(query, SLOTS), SLOTS)

    async def open(self) -> list[BackfillRecord]:
        found = (
            row
            for row in self._rows.values()
            if not row.state.is_terminal and (row.state is not BackfillState.PAUSED or row.counts.running)
        )
        return sorted(found, key=lambda row: (row.created_at, row.id))

    async def follow(self, lease: Lease, step: BackfillStep, *, launch: Launch | None = None) -> Followed:
        self._leases.require(lease)
        if self._rows.get(step.before.id) != step.before:
            return Followed.CHANGED
        if launch is not None and not self._executions.launch(*launch):
            return Followed.EXISTS
        self._rows[step.after.id] = step.after
        self._slots[step.after.id].update((slot.at, slot) for slot in step.slots)
        return Followed.DONE

    async def change(self, before: BackfillRecord, after: BackfillRecord, audit: Audit) -> bool:
        if self._rows.get(before.id) != before:
            return False
        self._rows[before.id] = after
        self._audits.append(audit)
        return True

    def aging(self) -> Iterator[AgedRow]:
        """The rows that may go by their age, slots first."""
        for id, row in list(self._rows.items()):
            if row.ended_at is not None:
                slots = self._slots[id]
                for at in list(slots):
                    yield AgedRow(id.place, row.ended_at, 0, partial(slots.pop, at), is_part=True)
                yield AgedRow(id.place, row.ended_at, 0, partial(self._rows.pop, id))
