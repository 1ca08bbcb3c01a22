"""Registered tasks, workflows and launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, select, update

from alula.core.ids import EntityId, Place
from alula.server.store.audits import Audit
from alula.server.store.entities import (
    ENTITIES,
    ENTITY_NAMES,
    EntityKind,
    EntityName,
    EntityRecord,
    NewestVersion,
    Registered,
)
from alula.server.store.query import Query
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.trigger_records import TriggerRecord
from alula.server.stores.checking import check
from alula.server.stores.sql import cells, schedules
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.listing import Columns, chosen, comes_after, cut, paged
from alula.server.stores.sql.tables import entities
from alula.server.stores.sql.triggers import Triggers

_COLUMNS: Columns = {
    "project": entities.c.project,
    "domain": entities.c.domain,
    "name": entities.c.name,
    "version": entities.c.version,
    "state": entities.c.active,
    "hidden": entities.c.hidden,
    "created_at": entities.c.created_at,
    "task_type": entities.c.task_type,
}
_NAME = (entities.c.project, entities.c.domain, entities.c.name)
_IS_NAMED = (
    entities.c.project == bindparam("of_project"),
    entities.c.domain == bindparam("of_domain"),
    entities.c.kind == bindparam("of_kind"),
    entities.c.name == bindparam("of_name"),
)
_ONE = select(entities).where(*_IS_NAMED, entities.c.version == bindparam("of_version"))
"""Built once, as each launch reads some: building it takes longer than running it."""
_ACTIVE = select(entities).where(*_IS_NAMED, entities.c.active == 1)


_AMONG = (
    entities.c.project == bindparam("of_project"),
    entities.c.domain == bindparam("of_domain"),
    entities.c.kind == bindparam("of_kind"),
    entities.c.name >= bindparam("first"),
    entities.c.name <= bindparam("last"),
    entities.c.hidden == 0,
)
_LAST = (
    select(entities.c.name, func.max(entities.c.created_at).label("at")).where(*_AMONG).group_by(entities.c.name)
).subquery()
_NEWEST = (
    select(entities.c.name, func.max(entities.c.version), _LAST.c.at)
    .join(_LAST, and_(entities.c.name == _LAST.c.name, entities.c.created_at == _LAST.c.at))
    .where(*_AMONG)
    .group_by(entities.c.name, _LAST.c.at)
    .order_by(entities.c.name)
)


class Entities:
    def __init__(self, database: Database, audits: Audits, triggers: Triggers) -> None:
        self._database = database
        self._sql = database.sql
        self._audits = audits
        self._triggers = triggers
        self._insert = database.sql.insert(entities)

    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        def register(connection: Connection) -> list[Registered]:
            outcome = self._register(connection, entities)
            if Registered.CREATED in outcome and Registered.DIFFERENT not in outcome:
                self._audits.append(connection, [audit])
            return outcome

        return await self._database.write(register)

    async def get(self, kind: EntityKind, id: EntityId) -> EntityRecord | None:
        return await self._first(_ONE, {**_named(kind, id.project, id.domain, id.name), "of_version": id.version})

    async def page(self, kind: EntityKind, query: Query) -> list[EntityRecord]:
        page = check(query, ENTITIES)

        def read(connection: Connection) -> list[EntityRecord]:
            among = select(entities).where(entities.c.kind == kind)
            statement = paged(among, page, _COLUMNS, self._sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def names(self, kind: EntityKind, query: Query) -> list[EntityName]:
        page = check(query, ENTITY_NAMES)

        def read(connection: Connection) -> list[EntityName]:
            newest = func.max(entities.c.created_at)
            columns: Columns = {**_COLUMNS, "created_at": newest}
            statement: Select[Any] = (
                select(*_NAME)
                .add_columns(newest)
                .where(entities.c.kind == kind, *chosen(page, _COLUMNS, self._sql))
                .group_by(*_NAME)
                .having(*comes_after(page, columns))
            )
            rows = connection.execute(cut(statement, page, columns, self._sql))
            return [EntityName(*row) for row in rows]

        return await self._database.read(read)

    async def newest_versions(
        self, kind: EntityKind, place: Place, first: str, last: str, limit: int
    ) -> list[NewestVersion]:
        values = {"of_kind": kind, "of_project": place.project, "of_domain": place.domain, "first": first, "last": last}

        def read(connection: Connection) -> list[NewestVersion]:
            return [NewestVersion(*row) for row in connection.execute(_NEWEST.limit(limit), values)]

        return await self._database.read(read)

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None:
        return await self._first(_ACTIVE, _named("launch_plan", project, domain, name))

    async def set_launch_plan_active(
        self,
        id: EntityId,
        *,
        active: bool,
        audit: Audit,
        schedule: ScheduleRecord | None = None,
        trigger: TriggerRecord | None = None,
    ) -> bool:
        def set_active(connection: Connection) -> bool:
            if self._digest(connection, "launch_plan", id) is None:
                return False
            if active:
                self._deactivate(connection, id)
                schedules.activated(connection, id, schedule)
                self._triggers.activated(connection, id, trigger)
            else:
                schedules.deactivated(connection, id)
                self._triggers.deactivated(connection, id)
            connection.execute(update(entities).where(_is("launch_plan", id)).values(active=int(active)))
            return True

        return await self._audits.change(audit, set_active)

    async def _first(self, statement: Select[Any], values: dict[str, str]) -> EntityRecord | None:
        def read(connection: Connection) -> EntityRecord | None:
            row = connection.execute(statement, values).first()
            return None if row is None else _record(row)

        return await self._database.read(read)

    def _register(self, connection: Connection, given: Sequence[EntityRecord]) -> list[Registered]:
        """Nothing is written where one is DIFFERENT or none is CREATED."""
        digests: dict[tuple[EntityKind, EntityId], bytes] = {}
        new: list[EntityRecord] = []
        outcome: list[Registered] = []
        for entity in given:
            key = (entity.kind, entity.id)
            digest = digests.get(key) or self._digest(connection, entity.kind, entity.id)
            if digest is None:
                new.append(entity)
                outcome.append(Registered.CREATED)
            else:
                outcome.append(Registered.IDENTICAL if digest == entity.digest else Registered.DIFFERENT)
            digests[key] = digest or entity.digest
        if Registered.DIFFERENT not in outcome:
            for entity in new:
                if entity.active:
                    self._deactivate(connection, entity.id)
                    schedules.activated(connection, entity.id, None)
                    self._triggers.activated(connection, entity.id, None)
                self._insert.run(connection, [_row(entity)])
        return outcome

    def _digest(self, connection: Connection, kind: EntityKind, id: EntityId) -> bytes | None:
        return connection.execute(select(entities.c.digest).where(_is(kind, id))).scalar()

    def _deactivate(self, connection: Connection, id: EntityId) -> None:
        connection.execute(
            update(entities)
            .where(
                entities.c.project == id.project,
                entities.c.domain == id.domain,
                entities.c.kind == "launch_plan",
                entities.c.name == id.name,
                entities.c.active == 1,
            )
            .values(active=0)
        )


def _named(kind: EntityKind, project: str, domain: str, name: str) -> dict[str, str]:
    return {"of_kind": kind, "of_project": project, "of_domain": domain, "of_name": name}


def _is(kind: EntityKind, id: EntityId) -> ColumnElement[bool]:
    return and_(
        entities.c.project == id.project,
        entities.c.domain == id.domain,
        entities.c.kind == kind,
        entities.c.name == id.name,
        entities.c.version == id.version,
    )


def _row(entity: EntityRecord) -> Cells:
    return (
        entity.id.project,
        entity.id.domain,
        entity.kind,
        entity.id.name,
        entity.id.version,
        entity.created_at,
        int(entity.active),
        int(entity.hidden),
        entity.task_type,
        cells.from_prose(entity.short_description),
        entity.interpreter,
        entity.interpreter_host,
        entity.digest,
        entity.spec,
        entity.closure,
    )


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> EntityRecord:
    return EntityRecord(
        kind=row.kind,
        id=EntityId(row.project, row.domain, row.name, row.version),
        digest=row.digest,
        spec=row.spec,
        closure=row.closure,
        created_at=row.created_at,
        active=bool(row.active),
        hidden=bool(row.hidden),
        task_type=row.task_type,
        short_description=row.short_description,
        interpreter=row.interpreter,
        interpreter_host=row.interpreter_host,
    )
