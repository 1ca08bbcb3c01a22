"""Settings of projects, domains and workflows."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, or_, select

from alula.server.store.attributes import AttributesRecord
from alula.server.store.audits import Audit
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.tables import attributes

_ALL = select(attributes).order_by(
    attributes.c.project, attributes.c.domain, attributes.c.workflow, attributes.c.resource
)
_AT = _ALL.where(
    attributes.c.project == bindparam("of_project"),
    or_(attributes.c.domain == "", attributes.c.domain == bindparam("of_domain")),
    or_(attributes.c.workflow == "", attributes.c.workflow == bindparam("of_workflow")),
)
"""Built once, as each launch reads them: building it takes longer than running it."""


class Attributes:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._audits = audits
        self._put = database.sql.upsert(attributes, newest)

    async def put(self, attributes: AttributesRecord, audit: Audit) -> None:
        place = (attributes.project, attributes.domain, attributes.workflow)
        row = (*place, attributes.resource, attributes.attributes, attributes.updated_at)
        await self._audits.change(audit, lambda connection: self._put.run(connection, [row]) == 1)

    async def delete(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        statement = delete(attributes).where(
            attributes.c.resource == resource,
            attributes.c.project == project,
            attributes.c.domain == domain,
            attributes.c.workflow == workflow,
        )
        return await self._audits.change(audit, lambda connection: connection.execute(statement).rowcount > 0)

    async def find(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        return await self._database.read(lambda connection: _find(connection, resource, at))


def _find(connection: Connection, resource: int | None, at: tuple[str, str, str] | None) -> list[AttributesRecord]:
    statement, values = _ALL, dict[str, str]()
    if at is not None:
        project, domain, workflow = at
        statement, values = _AT, {"of_project": project, "of_domain": domain, "of_workflow": workflow}
    if resource is not None:
        statement = statement.where(attributes.c.resource == resource)
    return [
        AttributesRecord(
            resource=row.resource,
            project=row.project,
            domain=row.domain,
            workflow=row.workflow,
            attributes=row.attributes,
            updated_at=row.updated_at,
        )
        for row in connection.execute(statement, values)
    ]
