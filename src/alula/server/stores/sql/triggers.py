"""Triggers of active launch plans, and their firings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, or_, select, update

from alula.core.ids import EntityId, ExecutionId
from alula.server.store.outbox import Consumer
from alula.server.store.query import Query
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import (
    FIRINGS,
    TRIGGERS,
    FiringRecord,
    FiringState,
    TriggerRecord,
)
from alula.server.store.triggers import RUN_ENDS, Fired
from alula.server.stores.checking import check
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.outbox import Outbox
from alula.server.stores.sql.tables import firings, triggers
from alula.server.stores.sql.watches import Watches

_COLUMNS: Columns = {name: triggers.c[name] for name in TRIGGERS.fields}
_FIRING_COLUMNS: Columns = {name: firings.c[name] for name in FIRINGS.fields}
_KEY = (firings.c.project, firings.c.domain, firings.c.name, firings.c.cause)


class Triggers:
    def __init__(
        self, database: Database, leases: Leases, executions: Executions, outbox: Outbox, watches: Watches
    ) -> None:
        self._database = database
        self._leases = leases
        self._executions = executions
        self._outbox = outbox
        self._watches = watches
        self._insert = database.sql.insert(firings)

    async def of(self, project: str, domain: str, name: str) -> TriggerRecord | None:
        return next(iter(await self._read(select(triggers).where(_has_name(project, domain, name)))), None)

    async def watching(self, watched: Sequence[str]) -> list[TriggerRecord]:
        order = (triggers.c.project, triggers.c.domain, triggers.c.name)
        return await self._read(select(triggers).where(triggers.c.watched.in_(watched)).order_by(*order))

    async def page(self, query: Query) -> list[TriggerRecord]:
        return await self._read(paged(select(triggers), check(query, TRIGGERS), _COLUMNS, self._database.sql))

    async def firings(self, query: Query) -> list[FiringRecord]:
        return await self._page_of_firings(select(firings), query)

    async def firing(self, project: str, domain: str, name: str, cause: str, *, seal: str = "") -> FiringRecord | None:
        statement = select(firings).where(_is_cause(project, domain, name, cause, seal))
        return next(iter(await self._read_firings(statement)), None)

    async def caused_by(self, run: ExecutionId, query: Query) -> list[FiringRecord]:
        of_run = and_(
            firings.c.by_project == run.project, firings.c.by_domain == run.domain, firings.c.by_run == run.name
        )
        return await self._page_of_firings(select(firings).where(of_run), query)

    async def fire(self, firing: FiringRecord, *, launch: Launch | None = None) -> Fired:
        def fire(connection: Connection) -> Fired:
            # What becomes of the causes of one trigger is noted one after the other.
            row = connection.execute(select(triggers).where(_is(firing.plan)).with_for_update()).first()
            if row is None:
                return Fired.INACTIVE
            is_known = exists().where(_is_cause(*firing.plan[:3], firing.cause, firing.seal))
            if connection.execute(select(is_known)).scalar():
                return Fired.SEEN
            if launch is not None and not self._executions.launch(connection, *launch):
                return Fired.EXISTS
            self._insert.run(connection, [_firing_cells(firing)])
            counted = triggers.c.started if firing.state is FiringState.STARTED else triggers.c.refused
            values = {"last_at": firing.at, counted.name: counted + 1}
            connection.execute(update(triggers).where(_is(firing.plan)).values(values))
            return Fired.DONE

        def tell(outcome: Fired) -> None:
            if launch is not None and outcome is Fired.DONE:
                self._executions.tell_launched(launch.execution)

        return await self._database.write(fire, after=tell)

    def activated(self, connection: Connection, plan: EntityId, trigger: TriggerRecord | None) -> None:
        """Go by the trigger of this version from now on; it goes on as it is if it did before."""
        if trigger is None or connection.execute(select(triggers.c.version).where(_is(plan))).first() is None:
            self._replace(connection, _has_name(plan.project, plan.domain, plan.name), trigger)

    def deactivated(self, connection: Connection, plan: EntityId) -> None:
        """Go by no trigger, if it is that of this version."""
        self._replace(connection, _is(plan), None)

    def _replace(self, connection: Connection, which: ColumnElement[bool], trigger: TriggerRecord | None) -> None:
        before = connection.execute(select(triggers).where(which)).first()
        if before is not None:
            connection.execute(delete(triggers).where(which))
        if trigger is not None:
            connection.execute(triggers.insert().values(_cells(trigger)))
            if trigger.kind == "run":
                self._outbox.put(connection, Consumer(RUN_ENDS))
        self._watch(connection, None if before is None else _record(before), trigger)
        if before is not None:
            self._outbox.drop(connection, RUN_ENDS, unless=exists().where(triggers.c.kind == "run"))

    def _watch(self, connection: Connection, before: TriggerRecord | None, after: TriggerRecord | None) -> None:
        if before is not None and after is not None and before.watched == after.watched:
            return
        if before is not None and before.kind == "object":
            self._watches.end(connection, *before.plan[:3])
        if after is not None and after.kind == "object":
            self._watches.begin(connection, after)

    async def _page_of_firings(self, among: Select[Any], query: Query) -> list[FiringRecord]:
        return await self._read_firings(paged(among, check(query, FIRINGS), _FIRING_COLUMNS, self._database.sql))

    async def _read(self, statement: Select[Any]) -> list[TriggerRecord]:
        return await self._database.read(lambda connection: [_record(row) for row in connection.execute(statement)])

    async def _read_firings(self, statement: Select[Any]) -> list[FiringRecord]:
        return await self._database.read(lambda connection: [_firing(row) for row in connection.execute(statement)])


def _has_name(project: str, domain: str, name: str) -> ColumnElement[bool]:
    return and_(triggers.c.project == project, triggers.c.domain == domain, triggers.c.name == name)


def _is(plan: EntityId) -> ColumnElement[bool]:
    return and_(_has_name(plan.project, plan.domain, plan.name), triggers.c.version == plan.version)


def _is_cause(project: str, domain: str, name: str, cause: str, seal: str) -> ColumnElement[bool]:
    is_it = firings.c.cause == cause
    if seal:
        is_it = or_(is_it, firings.c.seal == seal)
    return and_(firings.c.project == project, firings.c.domain == domain, firings.c.name == name, is_it)


def _cells(record: TriggerRecord) -> dict[str, Any]:  # `Any`: of all columns
    cells = msgspec.structs.asdict(record)
    plan = cells.pop("plan")
    return {**plan._asdict(), **cells}


def _record(row: Row[Any]) -> TriggerRecord:  # `Any`: a whole row
    plan = EntityId(row.project, row.domain, row.name, row.version)
    return TriggerRecord(plan, row.principal, row.since, row.kind, row.watched, row.last_at, row.started, row.refused)


def _firing_cells(firing: FiringRecord) -> Cells:
    return (
        *firing.plan,
        firing.cause,
        from_prose(firing.told),
        firing.at,
        firing.state.value,
        firing.run,
        from_prose(firing.detail),
        *(firing.by_run or ("", "", "")),
        firing.seal,
    )


def _firing(row: Row[Any]) -> FiringRecord:  # `Any`: a whole row
    return FiringRecord(
        plan=EntityId(row.project, row.domain, row.name, row.version),
        cause=row.cause,
        told=row.told,
        at=row.at,
        state=FiringState(row.state),
        run=row.run,
        detail=row.detail,
        by_run=ExecutionId(row.by_project, row.by_domain, row.by_run) if row.by_run else None,
        seal=row.seal,
    )
