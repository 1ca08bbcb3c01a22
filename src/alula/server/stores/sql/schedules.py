"""Schedules of active launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedule_records import SCHEDULES, ScheduleRecord
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.checking import check
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import schedules

_COLUMNS: Columns = {name: schedules.c[name] for name in SCHEDULES.fields}


class Schedules:
    def __init__(self, database: Database, audits: Audits, leases: Leases, executions: Executions) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._executions = executions

    async def due(self, now: int, *, limit: int) -> list[ScheduleRecord]:
        order = (schedules.c.due_at, schedules.c.project, schedules.c.domain, schedules.c.name)
        statement = select(schedules).where(schedules.c.due_at <= now).order_by(*order).limit(limit)
        return await self._database.read(lambda connection: [_record(row) for row in connection.execute(statement)])

    async def next_due(self) -> int | None:
        earliest = select(func.min(schedules.c.due_at))
        return await self._database.read(lambda connection: connection.execute(earliest).scalar())

    async def of(self, project: str, domain: str, name: str) -> ScheduleRecord | None:
        statement = select(schedules).where(_has_name(project, domain, name))

        def read(connection: Connection) -> ScheduleRecord | None:
            row = connection.execute(statement).first()
            return _record(row) if row is not None else None

        return await self._database.read(read)

    async def page(self, query: Query) -> list[ScheduleRecord]:
        page = check(query, SCHEDULES)

        def read(connection: Connection) -> list[ScheduleRecord]:
            statement = paged(select(schedules), page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def follow(
        self,
        lease: Lease,
        before: ScheduleRecord,
        after: ScheduleRecord,
        *,
        launch: Launch | None = None,
        audits: Sequence[Audit] = (),
    ) -> Followed:
        def follow(connection: Connection) -> Followed:
            if not _is_as(connection, before):
                return Followed.CHANGED
            if launch is not None and not self._executions.launch(connection, *launch):
                return Followed.EXISTS
            _put(connection, after)
            self._audits.append(connection, audits)
            return Followed.DONE

        def tell(outcome: Followed) -> None:
            if launch is not None and outcome is Followed.DONE:
                self._executions.tell_launched(launch.execution)

        return await self._leases.under(lease, follow, after=tell)

    async def pause(self, before: ScheduleRecord, after: ScheduleRecord, audit: Audit) -> bool:
        def pause(connection: Connection) -> bool:
            if not _is_as(connection, before):
                return False
            _put(connection, after)
            return True

        return await self._audits.change(audit, pause)


def activated(connection: Connection, plan: EntityId, schedule: ScheduleRecord | None) -> None:
    """Go by the schedule of this version from now on; it goes on as it is if it did before."""
    is_of_name = _has_name(plan.project, plan.domain, plan.name)
    if schedule is None:
        connection.execute(delete(schedules).where(is_of_name))
    elif connection.execute(select(schedules.c.version).where(_is(plan))).first() is None:
        connection.execute(delete(schedules).where(is_of_name))
        connection.execute(schedules.insert().values({**plan._asdict(), **_cells(schedule)}))


def deactivated(connection: Connection, plan: EntityId) -> None:
    """Go by no schedule, if it is that of this version."""
    connection.execute(delete(schedules).where(_is(plan)))


def _is_as(connection: Connection, read: ScheduleRecord) -> bool:
    """True if a row is as it was read. Nobody else changes it until the end of the transaction."""
    row = connection.execute(select(schedules).where(_is(read.plan)).with_for_update()).first()
    return row is not None and _record(row) == read


def _put(connection: Connection, record: ScheduleRecord) -> None:
    connection.execute(update(schedules).where(_is(record.plan)).values(_cells(record)))


def _cells(record: ScheduleRecord) -> dict[str, Any]:  # `Any`: of all columns but the name
    cells = msgspec.structs.asdict(record)
    del cells["plan"]
    return {**cells, "waiting": " ".join(map(str, record.waiting)), "skipped": from_prose(record.skipped)}


def _has_name(project: str, domain: str, name: str) -> ColumnElement[bool]:
    return and_(schedules.c.project == project, schedules.c.domain == domain, schedules.c.name == name)


def _is(plan: EntityId) -> ColumnElement[bool]:
    return and_(_has_name(plan.project, plan.domain, plan.name), schedules.c.version == plan.version)


def _record(row: Row[Any]) -> ScheduleRecord:  # `Any`: a whole row
    return ScheduleRecord(
        plan=EntityId(row.project, row.domain, row.name, row.version),
        principal=row.principal,
        since=row.since,
        followed_until=row.followed_until,
        due_at=row.due_at,
        zone=row.zone,
        waiting=tuple(map(int, row.waiting.split())),
        paused_at=row.paused_at,
        last_at=row.last_at,
        missed=row.missed,
        skipped=row.skipped,
    )
