"""Outputs that clients keep under keys of their own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select

from alula.server.store.audits import Audit
from alula.server.store.kept_outputs import KeptOutput
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Excluded
from alula.server.stores.sql.tables import kept_outputs


class KeptOutputs:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._audits = audits
        self._keep = database.sql.insert_if_absent(kept_outputs)
        self._overwrite = database.sql.upsert(kept_outputs, _created_once)

    async def get(self, key: str) -> KeptOutput | None:
        def read(connection: Connection) -> KeptOutput | None:
            row = connection.execute(select(kept_outputs).where(kept_outputs.c.key == key)).first()
            return None if row is None else KeptOutput(row.key, row.output, row.created_at, row.updated_at)

        return await self._database.read(read)

    async def keep(self, kept: KeptOutput, audit: Audit, *, overwrite: bool) -> bool:
        row = (kept.key, kept.created_at, kept.updated_at, kept.output)
        put = self._overwrite if overwrite else self._keep
        return await self._audits.change(audit, lambda connection: put.run(connection, [row]) == 1)

    async def drop(self, key: str, audit: Audit) -> bool:
        statement = delete(kept_outputs).where(kept_outputs.c.key == key)
        return await self._audits.change(audit, lambda connection: connection.execute(statement).rowcount == 1)


# `Any`: of the table's columns.
def _created_once(table: Any, excluded: Excluded, name: str) -> ColumnElement[Any]:
    return table.c[name] if name == "created_at" else excluded[name]
