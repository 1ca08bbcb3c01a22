"""Statements on the audit trail: who did what. Rows are only ever appended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from alula.server.store import Audit
from alula.server.stores.fields import Page
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.dialect import Sql
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import audits

_COLUMNS: Columns = {
    "project": audits.c.project,
    "domain": audits.c.domain,
    "principal": audits.c.principal,
    "action": audits.c.action,
    "target": audits.c.target,
    "at": audits.c.at,
}


class Audits:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._append = sql.insert(audits, without=["number"])

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

    def page(self, connection: Connection, page: Page) -> list[Audit]:
        statement = paged(select(audits), page, _COLUMNS, [audits.c.number], self._sql)
        return [
            Audit(row.at, row.principal, row.action, row.target, row.detail, row.project, row.domain)
            for row in connection.execute(statement)
        ]
