"""Schedules of active launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.schedules import ScheduleRecord
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import schedules


class Schedules:
    def __init__(self, database: Database, audits: Audits, leases: Leases) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases

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

    async def follow(
        self, lease: Lease, plan: EntityId, *, until: int, due_at: int | None, audits: Sequence[Audit] = ()
    ) -> bool:
        change = (
            delete(schedules) if due_at is None else update(schedules).values(followed_until=until, due_at=due_at)
        ).where(_is(plan))

        def follow(connection: Connection) -> bool:
            if connection.execute(change).rowcount != 1:
                return False
            self._audits.append(connection, audits)
            return True

        return await self._leases.under(lease, follow)


def activated(connection: Connection, plan: EntityId, schedule: ScheduleRecord | None) -> None:
    """Go by the schedule of this version from now on; it goes on as it is if it did before."""
    is_of_name = _has_name(plan.project, plan.domain, plan.name)
    if schedule is None:
        connection.execute(delete(schedules).where(is_of_name))
    elif connection.execute(select(schedules.c.version).where(_is(plan))).first() is None:
        connection.execute(delete(schedules).where(is_of_name))
        row = {**plan._asdict(), **msgspec.structs.asdict(schedule)}
        del row["plan"]
        connection.execute(schedules.insert().values(row))


def deactivated(connection: Connection, plan: EntityId) -> None:
    """Go by no schedule, if it is that of this version."""
    connection.execute(delete(schedules).where(_is(plan)))


def _has_name(project: str, domain: str, name: str) -> ColumnElement[bool]:
    return and_(schedules.c.project == project, schedules.c.domain == domain, schedules.c.name == name)


def _is(plan: EntityId) -> ColumnElement[bool]:
    return and_(_has_name(plan.project, plan.domain, plan.name), schedules.c.version == plan.version)


def _record(row: Row[Any]) -> ScheduleRecord:  # `Any`: a whole row
    plan = EntityId(row.project, row.domain, row.name, row.version)
    return ScheduleRecord(plan, row.principal, row.since, row.followed_until, row.due_at)
