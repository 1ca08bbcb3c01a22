"""Notices for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, select, update

from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.notices import NOTICES, Notice, NoticeState
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.cells import from_prose
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import notices

_COLUMNS: Columns = {name: notices.c[name] for name in NOTICES.fields}


class Notices:
    def __init__(self, database: Database, audits: Audits, leases: Leases) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases
        self._insert = database.sql.insert_if_absent(notices)

    async def add(self, notices: Sequence[Notice]) -> int:
        rows = [_cells(notice) for notice in notices]
        return await self._database.write(lambda connection: sum(self._insert.run(connection, [row]) for row in rows))

    async def due(self, now: int, *, limit: int) -> list[Notice]:
        order = (notices.c.due_at, notices.c.created_at, notices.c.id)
        return await self._read(select(notices).where(notices.c.due_at <= now).order_by(*order).limit(limit))

    async def next_due(self) -> int | None:
        earliest = select(func.min(notices.c.due_at))
        return await self._database.read(lambda connection: connection.execute(earliest).scalar())

    async def get(self, id: str) -> Notice | None:
        return next(iter(await self._read(select(notices).where(notices.c.id == id))), None)

    async def page(self, query: Query) -> list[Notice]:
        page = check(query, NOTICES)
        return await self._read(paged(select(notices), page, _COLUMNS, self._database.sql))

    async def settle(self, lease: Lease, notice: Notice) -> None:
        change = update(notices).where(notices.c.id == notice.id)
        values = dict(zip(notices.c.keys(), _cells(notice), strict=True))
        await self._leases.under(lease, lambda connection: connection.execute(change.values(values)))

    async def resend(self, id: str, *, now: int, audit: Audit) -> bool:
        again = update(notices).where(notices.c.id == id)
        values = {"state": NoticeState.PENDING.value, "tries": 0, "due_at": now, "ended_at": None, "error": ""}

        def resend(connection: Connection) -> bool:
            return connection.execute(again.values(values)).rowcount == 1

        return await self._audits.change(audit, resend)

    async def _read(self, statement: Select[Any]) -> list[Notice]:
        return await self._database.read(lambda connection: [_notice(row) for row in connection.execute(statement)])


def _cells(notice: Notice) -> Cells:
    cells = msgspec.structs.replace(
        notice, subject=from_prose(notice.subject), error=from_prose(notice.error), state=notice.state.value
    )
    return msgspec.structs.astuple(cells)


def _notice(row: Row[Any]) -> Notice:  # `Any`: a whole row
    return msgspec.structs.replace(Notice(*row), state=NoticeState(row.state))
