"""Schedules of active launch plans."""

from __future__ import annotations

from collections.abc import Sequence

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedule_records import SCHEDULES, ScheduleRecord
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.executions import Executions
from alula.server.stores.memory.leases import Leases


class Schedules:
    def __init__(self, audits: Audits, leases: Leases, executions: Executions) -> None:
        self._audits = audits
        self._leases = leases
        self._executions = executions
        self._rows: dict[tuple[str, str, str], ScheduleRecord] = {}

    async def due(self, now: int, *, limit: int) -> list[ScheduleRecord]:
        due = [(record.due_at, record.plan) for record in self._rows.values() if record.due_at is not None]
        return [self._rows[plan[:3]] for at, plan in sorted(due) if at <= now][:limit]

    async def next_due(self) -> int | None:
        return min((record.due_at for record in self._rows.values() if record.due_at is not None), default=None)

    async def of(self, project: str, domain: str, name: str) -> ScheduleRecord | None:
        return self._rows.get((project, domain, name))

    async def page(self, query: Query) -> list[ScheduleRecord]:
        return lists.page_of(self._rows.values(), check(query, SCHEDULES), SCHEDULES)

    async def follow(
        self,
        lease: Lease,
        before: ScheduleRecord,
        after: ScheduleRecord,
        *,
        launch: Launch | None = None,
        audits: Sequence[Audit] = (),
    ) -> Followed:
        self._leases.require(lease)
        if self._rows.get(before.plan[:3]) != before:
            return Followed.CHANGED
        if launch is not None and not self._executions.launch(*launch):
            return Followed.EXISTS
        self._rows[before.plan[:3]] = after
        for audit in audits:
            self._audits.append(audit)
        return Followed.DONE

    async def pause(self, before: ScheduleRecord, after: ScheduleRecord, audit: Audit) -> bool:
        if self._rows.get(before.plan[:3]) != before:
            return False
        self._rows[before.plan[:3]] = after
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
