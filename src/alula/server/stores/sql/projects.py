"""Projects."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alula.server.store.audits import Audit
from alula.server.store.projects import PROJECTS, ProjectRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import projects

_COLUMNS: Columns = {
    "project": projects.c.id,
    "id": projects.c.id,
    "identifier": projects.c.id,
    "name": projects.c.name,
    "description": projects.c.description,
    "state": projects.c.archived,
    "created_at": projects.c.created_at,
}
_ONE = select(projects).where(projects.c.id == bindparam("of_project"))
"""Built once, as each launch reads it: building it takes longer than running it."""


class Projects:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._audits = audits
        self._put = database.sql.upsert(projects, newest)

    async def put(self, project: ProjectRecord, audit: Audit) -> None:
        await self._audits.change(audit, lambda connection: self.write(connection, project))

    async def get(self, project: str) -> ProjectRecord | None:
        def read(connection: Connection) -> ProjectRecord | None:
            row = connection.execute(_ONE, {"of_project": project}).first()
            return None if row is None else _record(row)

        return await self._database.read(read)

    async def page(self, query: Query) -> list[ProjectRecord]:
        page = check(query, PROJECTS)

        def read(connection: Connection) -> list[ProjectRecord]:
            statement = paged(select(projects), page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    def write(self, connection: Connection, project: ProjectRecord) -> bool:
        row = (
            project.id,
            cells.from_prose(project.name),
            cells.from_prose(project.description),
            cells.from_words(project.labels),
            int(project.archived),
            project.created_at,
        )
        return self._put.run(connection, [row]) == 1


# `Any`: of the selected columns, which stand in the schema.
def _record(row: Row[Any]) -> ProjectRecord:
    return ProjectRecord(
        id=row.id,
        name=row.name,
        description=row.description,
        labels=cells.to_words(row.labels),
        archived=bool(row.archived),
        created_at=row.created_at,
    )
