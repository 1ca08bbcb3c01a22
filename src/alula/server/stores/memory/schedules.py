"""Schedules of active launch plans."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.schedules import ScheduleRecord
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases


class Schedules:
    def __init__(self, audits: Audits, leases: Leases) -> None:
        self._audits = audits
        self._leases = leases
        self._rows: dict[tuple[str, str, str], ScheduleRecord] = {}

    async def due(self, now: int, *, limit: int) -> list[ScheduleRecord]:
        due = [record for record in self._rows.values() if record.due_at <= now]
        return sorted(due, key=lambda record: (record.due_at, record.plan))[:limit]

    async def next_due(self) -> int | None:
        return min((record.due_at for record in self._rows.values()), default=None)

    async def of(self, project: str, domain: str, name: str) -> ScheduleRecord | None:
        return self._rows.get((project, domain, name))

    async def follow(
        self, lease: Lease, plan: EntityId, *, until: int, due_at: int | None, audits: Sequence[Audit] = ()
    ) -> bool:
        self._leases.require(lease)
        record = self._rows.get(plan[:3])
        if record is None or record.plan != plan:
            return False
        if due_at is None:
            del self._rows[plan[:3]]
        else:
            self._rows[plan[:3]] = msgspec.structs.replace(record, followed_until=until, due_at=due_at)
        for audit in audits:
            self._audits.append(audit)
        return True

    def activated(self, plan: EntityId, schedule: ScheduleRecord | None) -> None:
        """Go by the schedule of this version from now on; it goes on as it is if it did before."""
        record = self._rows.pop(plan[:3], None)
        if schedule is not None:
            self._rows[plan[:3]] = record if record is not None and record.plan == plan else schedule

    def deactivated(self, plan: EntityId) -> None:
        """Go by no schedule, if it is that of this version."""
        record = self._rows.get(plan[:3])
        if record is not None and record.plan == plan:
            del self._rows[plan[:3]]
