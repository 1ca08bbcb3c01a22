"""Reservations that clients make, which end by time."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, select, update

from alula.server.store.audits import Audit
from alula.server.store.holds import Hold
from alula.server.store.leases import Lease
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import holds


class Holds:
    def __init__(self, database: Database, audits: Audits, leases: Leases) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._insert = database.sql.insert_if_absent(holds)

    async def take(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        def take(connection: Connection) -> Hold:
            held, is_new = self._take(connection, wanted, now)
            if is_new:
                self._audits.append(connection, [audit])
            return held

        return await self._database.write(take)

    async def release(self, name: str, owner: str, audit: Audit) -> None:
        statement = delete(holds).where(holds.c.name == name, holds.c.owner == owner)
        await self._audits.change(audit, lambda connection: connection.execute(statement).rowcount == 1)

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        return await self._leases.remove_some(lease, holds.c.name, lambda now: holds.c.expires_at <= now, limit)

    def _take(self, connection: Connection, wanted: Hold, now: int) -> tuple[Hold, bool]:
        """The reservation that holds then, and whether it has come to `wanted.owner` just now."""
        row = (wanted.name, wanted.owner, wanted.heartbeat_us, wanted.expires_at)
        if self._insert.run(connection, [row]) == 1:
            return wanted, True
        is_it = holds.c.name == wanted.name
        before = connection.execute(select(holds).where(is_it).with_for_update()).first()
        if before is None:  # it was released meanwhile
            return self._take(connection, wanted, now)
        if before.owner != wanted.owner and before.expires_at > now:
            return Hold(*before), False
        connection.execute(update(holds).where(is_it).values(msgspec.structs.asdict(wanted)))
        return wanted, before.owner != wanted.owner
