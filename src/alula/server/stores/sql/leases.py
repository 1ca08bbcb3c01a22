"""Leases by name. A row stays when its lease has ended, so that terms rise for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, delete, select, update

from alula.server.store.leases import Lease, lease_lost
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.tables import leases
from alula.server.stores.sql.writer import Operation

Result = TypeVar("Result")


class Leases:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.sql.insert_if_absent(leases)

    async def claim(self, name: str, holder: str, *, lease_us: int) -> Lease:
        return await self._database.write(lambda connection: self._claimed(connection, name, holder, lease_us))

    async def renew(self, lease: Lease, *, lease_us: int) -> Lease | None:
        def renew(connection: Connection) -> Lease | None:
            now = self._database.now(connection)
            lasts = update(leases).where(_is(lease), leases.c.held_until > now)
            is_held = connection.execute(lasts.values(held_until=now + lease_us)).rowcount == 1
            return Lease(lease.name, lease.holder, lease.term, lease_us) if is_held else None

        return await self._database.write(renew)

    async def release(self, holder: str | None, name: str | None = None) -> None:
        ending = update(leases).values(holder="", held_until=0)
        if holder is not None:
            ending = ending.where(leases.c.holder == holder)
        if name is not None:
            ending = ending.where(leases.c.name == name)
        await self._database.write(lambda connection: connection.execute(ending))

    async def under(
        self, lease: Lease, operation: Operation[Result], *, after: Callable[[Result], None] | None = None
    ) -> Result:
        """Make a change that only the holder of a lease may make, then call `after`. Raises `LeaseLost`."""

        def write(connection: Connection) -> Result:
            self._require(connection, lease)
            return operation(connection)

        return await self._database.write(write, after=after)

    async def remove_some(
        self, lease: Lease, key: Column[str], has_expired: Callable[[int], ColumnElement[bool]], limit: int
    ) -> int:
        """Remove rows that have expired at the time that is given.

        The statement that removes them asks that again: PostgreSQL looks at a row anew if it had to wait for another
        that changed it.
        """

        def remove(connection: Connection) -> int:
            now = self._database.now(connection)
            some = select(key).where(has_expired(now)).limit(limit)
            return connection.execute(delete(key.table).where(key.in_(some), has_expired(now))).rowcount

        return await self.under(lease, remove)

    def _require(self, connection: Connection, lease: Lease) -> None:
        """Raise `LeaseLost` if another was given it since. It stays so until the end of the transaction."""
        statement = select(leases.c.term).where(_is(lease)).with_for_update(read=True)
        if connection.execute(statement).first() is None:
            raise lease_lost(lease)

    def _claimed(self, connection: Connection, name: str, holder: str, lease_us: int) -> Lease:
        now = self._database.now(connection)
        free = update(leases).where(leases.c.name == name, leases.c.held_until <= now)
        connection.execute(free.values(holder=holder, term=leases.c.term + 1, held_until=now + lease_us))
        row = connection.execute(select(leases).where(leases.c.name == name)).first()
        if row is not None:
            return _lease(row, now)
        self._insert.run(connection, [(name, "", 0, 0)])
        return self._claimed(connection, name, holder, lease_us)


def _is(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.term == lease.term)


def _lease(row: Row[Any], now: int) -> Lease:  # `Any`: a whole row
    return Lease(row.name, row.holder, row.term, max(0, row.held_until - now))
