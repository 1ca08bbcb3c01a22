"""Rows that go by their age."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, func, literal, select, tuple_

from alula.core.ids import Place
from alula.core.policy.retention import Rows
from alula.server.store.aged import Amount
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.notices import NoticeState
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import audits, backfill_slots, backfills, catalog, firings, notices


class _Kind(NamedTuple):
    table: Table
    # `Any`: columns of several types.
    at: Column[Any]
    """The time from which on its rows age. A row without one stays."""
    values: tuple[Column[Any], ...]
    """The columns that take most of the room."""


_KINDS: dict[Rows, _Kind] = {
    "cache": _Kind(catalog, catalog.c.created_at, (catalog.c.inputs, catalog.c.shown, catalog.c.outputs)),
    "audits": _Kind(audits, audits.c.at, (audits.c.principal, audits.c.target, audits.c.detail)),
    "backfills": _Kind(backfills, backfills.c.ended_at, ()),
    "firings": _Kind(firings, firings.c.at, (firings.c.cause, firings.c.told, firings.c.detail)),
    "deliveries": _Kind(notices, notices.c.created_at, (notices.c.body, notices.c.error)),
}


class Aged:
    def __init__(self, database: Database, audits: Audits, leases: Leases) -> None:
        self._database = database
        self._audits = audits
        self._leases = leases

    async def places(self, of: Rows, before: int) -> list[Place]:
        table = _KINDS[of].table
        statement = select(table.c.project, table.c.domain).where(_is_old(of, before)).distinct()
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return sorted(Place(*row) for row in rows)

    async def amount(self, of: Rows, place: Place, before: int) -> Amount:
        size = sum((func.length(column) for column in _KINDS[of].values), start=literal(0))
        statement = select(func.count(), func.coalesce(func.sum(size), 0)).where(_is_old(of, before, place))
        return await self._database.read(lambda connection: Amount(*map(int, connection.execute(statement).one())))

    async def remove(
        self, lease: Lease, of: Rows, place: Place, before: int, *, limit: int, audit: Audit | None = None
    ) -> int:
        old = _is_old(of, before, place)

        def remove(connection: Connection) -> int:
            removed = _delete_slots(connection, old, limit) if of == "backfills" else 0
            removed = removed or _delete_some(connection, _KINDS[of].table, old, limit)
            if removed and audit is not None:
                self._audits.append(connection, [audit])
            return removed

        return await self._leases.under(lease, remove)


def _is_old(of: Rows, before: int, place: Place | None = None) -> ColumnElement[bool]:
    table, at, _ = _KINDS[of]
    old = at <= before
    if place is not None:
        old = and_(table.c.project == place.project, table.c.domain == place.domain, old)
    return and_(old, notices.c.state != NoticeState.PENDING.value) if of == "deliveries" else old


def _delete_some(connection: Connection, table: Table, old: ColumnElement[bool], limit: int) -> int:
    key = tuple(table.primary_key.columns)
    some = select(*key).where(old).limit(limit)
    # Asked again by the statement that removes them: PostgreSQL looks anew at a row that another has changed.
    return connection.execute(delete(table).where(tuple_(*key).in_(some), old)).rowcount


def _delete_slots(connection: Connection, old: ColumnElement[bool], limit: int) -> int:
    key = tuple(backfill_slots.primary_key.columns)
    is_of = and_(
        backfill_slots.c.project == backfills.c.project,
        backfill_slots.c.domain == backfills.c.domain,
        backfill_slots.c.backfill == backfills.c.name,
    )
    some = select(*key).join(backfills, is_of).where(old).limit(limit)
    return connection.execute(delete(backfill_slots).where(tuple_(*key).in_(some))).rowcount
