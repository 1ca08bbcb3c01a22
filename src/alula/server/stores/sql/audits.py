"""The audit trail. Rows are only ever appended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from alula.server.store.audits import AUDITS, Audit
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import audits

_COLUMNS: Columns = {
    "number": audits.c.number,
    "project": audits.c.project,
    "domain": audits.c.domain,
    "principal": audits.c.principal,
    "action": audits.c.action,
    "target": audits.c.target,
    "at": audits.c.at,
}


class Audits:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._append = database.sql.insert(audits, without=["number"])

    async def page(self, query: Query) -> list[Audit]:
        page = check(query, AUDITS)

        def read(connection: Connection) -> list[Audit]:
            statement = paged(select(audits), page, _COLUMNS, self._database.sql)
            return [
                Audit(row.at, row.principal, row.action, row.target, row.detail, row.project, row.domain, row.number)
                for row in connection.execute(statement)
            ]

        return await self._database.read(read)

    async def change(self, audit: Audit, change: Callable[[Connection], bool]) -> bool:
        """Make a change; it is audited where it changed something."""

        def write(connection: Connection) -> bool:
            if not change(connection):
                return False
            self.append(connection, [audit])
            return True

        return await self._database.write(write)

    def append(self, connection: Connection, entries: Sequence[Audit]) -> None:
        self._append.run(
            connection,
            [
                (
                    from_prose(entry.project),
                    from_prose(entry.domain),
                    entry.at,
                    from_prose(entry.principal),
                    from_prose(entry.action),
                    from_prose(entry.target),
                    from_prose(entry.detail),
                )
                for entry in entries
            ],
        )
