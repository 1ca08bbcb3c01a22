"""Statements on the settings of projects, domains and workflows."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from alula.server.store import AttributesRecord
from alula.server.stores.sql.dialect import Sql, newest
from alula.server.stores.sql.tables import attributes


class Attributes:
    def __init__(self, sql: Sql) -> None:
        self._put = sql.upsert(attributes, newest)

    def put(self, connection: Connection, record: AttributesRecord) -> None:
        place = (record.project, record.domain, record.workflow)
        self._put.run(connection, [(*place, record.resource, record.attributes, record.updated_at)])

    def delete(self, connection: Connection, resource: int, project: str, domain: str, workflow: str) -> bool:
        statement = delete(attributes).where(
            attributes.c.resource == resource,
            attributes.c.project == project,
            attributes.c.domain == domain,
            attributes.c.workflow == workflow,
        )
        return connection.execute(statement).rowcount > 0

    def of(
        self, connection: Connection, resource: int | None, at: tuple[str, str, str] | None
    ) -> list[AttributesRecord]:
        statement = select(attributes)
        if resource is not None:
            statement = statement.where(attributes.c.resource == resource)
        if at is not None:
            project, domain, workflow = at
            statement = statement.where(
                attributes.c.project == project,
                attributes.c.domain.in_(["", domain]),
                attributes.c.workflow.in_(["", workflow]),
            )
        statement = statement.order_by(
            attributes.c.project, attributes.c.domain, attributes.c.workflow, attributes.c.resource
        )
        return [
            AttributesRecord(
                resource=row.resource,
                project=row.project,
                domain=row.domain,
                workflow=row.workflow,
                attributes=row.attributes,
                updated_at=row.updated_at,
            )
            for row in connection.execute(statement)
        ]
