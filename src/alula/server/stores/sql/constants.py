"""Statements on what is said once of a database."""

from __future__ import annotations

from sqlalchemy import Connection, select

from alula.server.stores.sql.dialect import Sql
from alula.server.stores.sql.tables import constants


class Constants:
    def __init__(self, sql: Sql) -> None:
        self._insert = sql.insert_if_absent(constants)

    def keep(self, connection: Connection, name: str, value: str) -> str:
        """What stands under the name: `value`, if nothing did."""
        self._insert.run(connection, [(name, value)])
        return connection.execute(select(constants.c.value).where(constants.c.name == name)).scalar_one()
