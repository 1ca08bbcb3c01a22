"""Values that are set once for a database."""

from __future__ import annotations

from sqlalchemy import Connection, select

from alula.server.stores.sql.database import Database
from alula.server.stores.sql.tables import constants


class Constants:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.sql.insert_if_absent(constants)

    async def keep(self, name: str, value: str) -> str:
        def keep(connection: Connection) -> str:
            self._insert.run(connection, [(name, value)])
            return connection.execute(select(constants.c.value).where(constants.c.name == name)).scalar_one()

        return await self._database.write(keep)
