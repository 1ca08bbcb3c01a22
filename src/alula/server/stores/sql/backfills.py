"""Backfills and their slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.backfilling import BackfillState, Counts, Rules, SlotState
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BACKFILLS, SLOTS, BackfillRecord, SlotRecord
from alula.server.store.backfills import BackfillStep
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedules import Followed, Launch
from alula.server.stores.checking import check
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, newest
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import backfill_slots, backfills

_COLUMNS: Columns = {name: backfills.c[name] for name in BACKFILLS.fields}
_SLOT_COLUMNS: Columns = {name: backfill_slots.c[name] for name in SLOTS.fields}
_OPEN = [state.value for state in BackfillState if not state.is_terminal]
_HAS_WORK = and_(
    backfills.c.state.in_(_OPEN),
    or_(backfills.c.state != BackfillState.PAUSED.value, backfills.c.running > 0),
)


class Backfills:
    def __init__(self, database: Database, audits: Audits, leases: Leases, executions: Executions) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._executions = executions
        self._insert = database.sql.insert_if_absent(backfills)
        self._put_slots = database.sql.upsert(backfill_slots, newest)

    async def create(self, backfill: BackfillRecord, slots: Sequence[SlotRecord], audit: Audit) -> bool:
        def create(connection: Connection) -> bool:
            if not self._insert.run(connection, [_cells(backfill)]):
                return False
            self._write_slots(connection, backfill.id, slots)
            return True

        return await self._audits.change(audit, create)

    async def get(self, id: ExecutionId) -> BackfillRecord | None:
        statement = select(backfills).where(_is(id))

        def read(connection: Connection) -> BackfillRecord | None:
            row = connection.execute(statement).first()
            return _record(row) if row is not None else None

        return await self._database.read(read)

    async def page(self, query: Query) -> list[BackfillRecord]:
        statement = paged(select(backfills), check(query, BACKFILLS), _COLUMNS, self._database.sql)
        return await self._database.read(lambda connection: [_record(row) for row in connection.execute(statement)])

    async def slots(self, id: ExecutionId, query: Query) -> list[SlotRecord]:
        of_one = select(backfill_slots).where(
            backfill_slots.c.project == id.project,
            backfill_slots.c.domain == id.domain,
            backfill_slots.c.backfill == id.name,
        )
        statement = paged(of_one, check(query, SLOTS), _SLOT_COLUMNS, self._database.sql)
        return await self._database.read(lambda connection: [_slot(row) for row in connection.execute(statement)])

    async def open(self) -> list[BackfillRecord]:
        order = (backfills.c.created_at, backfills.c.project, backfills.c.domain, backfills.c.name)
        statement = select(backfills).where(_HAS_WORK).order_by(*order)
        return await self._database.read(lambda connection: [_record(row) for row in connection.execute(statement)])

    async def follow(self, lease: Lease, step: BackfillStep, *, launch: Launch | None = None) -> Followed:
        def follow(connection: Connection) -> Followed:
            if not _is_as(connection, step.before):
                return Followed.CHANGED
            if launch is not None and not self._executions.launch(connection, *launch):
                return Followed.EXISTS
            _put(connection, step.after)
            self._write_slots(connection, step.after.id, step.slots)
            return Followed.DONE

        def tell(outcome: Followed) -> None:
            if launch is not None and outcome is Followed.DONE:
                self._executions.tell_launched(launch.execution)

        return await self._leases.under(lease, follow, after=tell)

    async def change(self, before: BackfillRecord, after: BackfillRecord, audit: Audit) -> bool:
        def change(connection: Connection) -> bool:
            if not _is_as(connection, before):
                return False
            _put(connection, after)
            return True

        return await self._audits.change(audit, change)

    def _write_slots(self, connection: Connection, id: ExecutionId, slots: Sequence[SlotRecord]) -> None:
        cells = [
            (*id, slot.at, slot.planned_for, slot.run, slot.state.value, from_prose(slot.detail)) for slot in slots
        ]
        self._put_slots.run(connection, cells)


def _is_as(connection: Connection, read: BackfillRecord) -> bool:
    """True if a row is as it was read. Nobody else changes it until the end of the transaction."""
    row = connection.execute(select(backfills).where(_is(read.id)).with_for_update()).first()
    return row is not None and _record(row) == read


def _put(connection: Connection, record: BackfillRecord) -> None:
    values = dict(zip(backfills.c.keys(), _cells(record), strict=True))
    connection.execute(update(backfills).where(_is(record.id)).values(values))


def _is(id: ExecutionId) -> ColumnElement[bool]:
    return and_(backfills.c.project == id.project, backfills.c.domain == id.domain, backfills.c.name == id.name)


def _cells(record: BackfillRecord) -> Cells:
    rules = record.rules
    return (
        *record.id,
        *record.plan,
        from_prose(record.principal),
        record.created_at,
        record.first,
        record.until,
        record.cron,
        record.kickoff,
        rules.at_once,
        int(rules.newest_first),
        rules.reprocess,
        int(rules.stops),
        *msgspec.structs.astuple(record.counts),
        record.state.value,
        record.ended_at,
    )


def _record(row: Row[Any]) -> BackfillRecord:  # `Any`: a whole row
    return BackfillRecord(
        id=ExecutionId(row.project, row.domain, row.name),
        plan=EntityId(row.plan_project, row.plan_domain, row.plan, row.version),
        principal=row.principal,
        created_at=row.created_at,
        first=row.first,
        until=row.until,
        cron=row.cron,
        kickoff=row.kickoff,
        rules=Rules(row.at_once, bool(row.newest_first), row.reprocess, bool(row.stops)),
        counts=Counts(row.waiting, row.running, row.succeeded, row.failed, row.there),
        state=BackfillState(row.state),
        ended_at=row.ended_at,
    )


def _slot(row: Row[Any]) -> SlotRecord:  # `Any`: a whole row
    return SlotRecord(row.at, row.planned_for, row.run, SlotState(row.state), row.detail)
