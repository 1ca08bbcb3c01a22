"""Statements on names of tasks, workflows and launch plans: all versions of one as one thing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from alula.server.store import EntityKind, NamedEntityRecord
from alula.server.stores.fields import Condition, Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Sql, newest
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.tables import entities, named_entities

_NAME: Columns = {"project": entities.c.project, "domain": entities.c.domain, "name": entities.c.name}
_ACTIVE, _SYSTEM_GENERATED = 0, 2


class NamedEntities:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._put = sql.upsert(named_entities, newest)

    def put(self, connection: Connection, entity: NamedEntityRecord) -> None:
        name = (entity.project, entity.domain, entity.kind, entity.name)
        self._put.run(connection, [(*name, cells.from_prose(entity.description), entity.state)])

    def page(self, connection: Connection, kind: EntityKind, page: Page) -> list[NamedEntityRecord]:
        # Conditions on the name go inside, where the key of the table finds its rows.
        registered = (
            select(
                *_NAME.values(),
                func.max(entities.c.created_at).label("created_at"),
                func.min(entities.c.hidden).label("hidden"),
            )
            .where(entities.c.kind == kind, *(self._holds(given) for given in page.conditions if given.field in _NAME))
            .group_by(*_NAME.values())
            .subquery()
        )
        said = named_entities.c
        state = func.coalesce(said.state, case((registered.c.hidden == 1, _SYSTEM_GENERATED), else_=_ACTIVE))
        description = func.coalesce(said.description, "")
        columns: Columns = {
            **{name: registered.c[name] for name in (*_NAME, "created_at")},
            "state": state,
            "description": description,
        }
        same_name = and_(said.kind == kind, *(said[name] == registered.c[name] for name in _NAME))
        shown: Select[Any] = select(registered).add_columns(state.label("state"), description.label("description"))
        among = shown.select_from(registered.outerjoin(named_entities, same_name))
        statement = paged(among, page, columns, [registered.c[name] for name in _NAME], self._sql)
        return [_record(kind, row) for row in connection.execute(statement)]

    def _holds(self, given: Condition) -> Any:
        return holds(given, _NAME[given.field], self._sql)


# `Any`: of the selected columns.
def _record(kind: EntityKind, row: Row[Any]) -> NamedEntityRecord:
    return NamedEntityRecord(
        kind=kind,
        project=row.project,
        domain=row.domain,
        name=row.name,
        description=row.description,
        state=row.state,
    )
