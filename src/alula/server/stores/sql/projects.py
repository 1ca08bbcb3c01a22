"""Statements on projects."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from alula.server.store import ProjectRecord
from alula.server.stores.fields import Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Sql, newest
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


class Projects:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._put = sql.upsert(projects, newest)

    def put(self, connection: Connection, project: ProjectRecord) -> None:
        row = (
            project.id,
            cells.from_prose(project.name),
            cells.from_prose(project.description),
            cells.from_words(project.labels),
            int(project.archived),
            project.created_at,
        )
        self._put.run(connection, [row])

    def get(self, connection: Connection, project: str) -> ProjectRecord | None:
        row = connection.execute(select(projects).where(projects.c.id == project)).first()
        return None if row is None else _record(row)

    def page(self, connection: Connection, page: Page) -> list[ProjectRecord]:
        statement = paged(select(projects), page, _COLUMNS, [projects.c.id], self._sql)
        return [_record(row) for row in connection.execute(statement)]


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
