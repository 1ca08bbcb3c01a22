"""Names of tasks, workflows and launch plans: all versions of one as one thing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from alula.server.store.audits import Audit
from alula.server.store.entities import EntityKind
from alula.server.store.named_entities import NAMED_ENTITIES, NamedEntityRecord
from alula.server.store.query import Query
from alula.server.stores.checking import Condition, Page, check, one_name
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.tables import entities, named_entities

_NAME: Columns = {"project": entities.c.project, "domain": entities.c.domain, "name": entities.c.name}
_ACTIVE, _SYSTEM_GENERATED = 0, 2


class NamedEntities:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._sql = database.sql
        self._audits = audits
        self._put = database.sql.upsert(named_entities, newest)

    async def put(self, entity: NamedEntityRecord, audit: Audit) -> None:
        name = (entity.project, entity.domain, entity.kind, entity.name)
        row = (*name, cells.from_prose(entity.description), entity.state)
        await self._audits.change(audit, lambda connection: self._put.run(connection, [row]) == 1)

    async def get(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        found = await self.page(kind, one_name(project, domain, name))
        return found[0] if found else None

    async def page(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        page = check(query, NAMED_ENTITIES)
        return await self._database.read(lambda connection: self._page(connection, kind, page))

    def _page(self, connection: Connection, kind: EntityKind, page: Page) -> list[NamedEntityRecord]:
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
        statement = paged(among, page, columns, self._sql)
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
        created_at=row.created_at,
    )
