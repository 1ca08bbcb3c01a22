"""Uploads of code."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import uploads


class Uploads:
    def __init__(self, database: Database, audits: Audits, leases: Leases) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._insert = database.sql.insert_if_absent(uploads)

    async def ask(self, uri: str, now: int) -> bool:
        is_it = uploads.c.uri == uri

        def ask(connection: Connection) -> bool:
            if self._insert.run(connection, [(uri, now, 0)]):
                return True
            again = update(uploads).where(is_it, uploads.c.going == 0, uploads.c.asked_at <= now)
            connection.execute(again.values(asked_at=now))
            return connection.execute(select(uploads.c.going).where(is_it).with_for_update()).scalar() == 0

        return await self._database.write(ask)

    async def begin(self, lease: Lease, removed: Sequence[tuple[str, Audit]], before: int) -> list[str]:
        audits = dict(removed)

        def begin(connection: Connection) -> list[str]:
            self._insert.run(connection, [(uri, before, 0) for uri in sorted(audits)])
            free = uploads.c.uri.in_(audits), uploads.c.going == 0, uploads.c.asked_at <= before
            locked = select(uploads.c.uri).where(*free).order_by(uploads.c.uri).with_for_update()
            begun = list(connection.execute(locked).scalars())
            connection.execute(update(uploads).where(uploads.c.uri.in_(begun)).values(going=1))
            self._audits.append(connection, [audits[uri] for uri in begun])
            return begun

        return await self._leases.under(lease, begin)

    async def going(self, *, limit: int) -> list[str]:
        statement = select(uploads.c.uri).where(uploads.c.going == 1).order_by(uploads.c.uri).limit(limit)
        return await self._database.read(lambda connection: list(connection.execute(statement).scalars()))

    async def finish(self, lease: Lease, uris: Sequence[str]) -> None:
        statement = delete(uploads).where(uploads.c.uri.in_(uris))
        await self._leases.under(lease, lambda connection: connection.execute(statement) and None)

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        old = uploads.c.going == 0, uploads.c.asked_at <= before
        some = select(uploads.c.uri).where(*old).limit(limit)
        statement = delete(uploads).where(uploads.c.uri.in_(some), *old)
        return await self._leases.under(lease, lambda connection: connection.execute(statement).rowcount)
