"""Reservations: for each result that is being computed, the node that does it while others wait."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, select, update

from alula.core.engine.records import Released
from alula.core.ids import ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.store.leases import Lease
from alula.server.store.reservations import execution_lost
from alula.server.stores.addressee import node_of
from alula.server.stores.merging import Merged
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.execution_keys import KEY, is_execution, is_one_of, portions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import ENDED_NODE_PHASES, ENDED_PHASES, executions, node_executions, reservations


class Reservations:
    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._insert = database.sql.insert_if_absent(reservations)
        self._delete = database.sql.bulk(
            delete(reservations).where(*(column == bindparam(f"by_{column.name}") for column in reservations.c)),
            [f"by_{column.name}" for column in reservations.c],
        )

    async def take(self, key: CacheKey, holder: str, *, owner: str = "") -> str:
        def take(connection: Connection) -> str:
            if not _owns(connection, owner, holder):
                raise execution_lost(node_of(holder)[0], owner)
            return self._take(connection, key, holder)

        return await self._database.write(take)

    async def holder(self, key: CacheKey) -> str:
        def read(connection: Connection) -> str:
            holder = connection.execute(select(reservations.c.holder).where(_is(key))).scalar()
            return holder if holder is not None and _is_open(connection, *node_of(holder)) else ""

        return await self._database.read(read)

    async def release(self, key: CacheKey, holder: str, *, owner: str = "") -> None:
        def release(connection: Connection) -> None:
            if _owns(connection, owner, holder):
                self._release(connection, [Released(key, holder)])

        await self._database.write(release)

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        ended = (await self._database.read(_holders_that_ended))[:limit]
        statement = delete(reservations).where(reservations.c.holder.in_(ended))
        return await self._leases.under(lease, lambda connection: connection.execute(statement).rowcount)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions."""
        self._release(connection, [one for _, _, changes in merged for one in changes.released])

    def _take(self, connection: Connection, key: CacheKey, holder: str) -> str:
        if self._insert.run(connection, [(key.project, key.domain, key.digest, holder)]) == 1:
            return ""
        before = connection.execute(select(reservations.c.holder).where(_is(key)).with_for_update()).scalar()
        if before is None:  # it was released meanwhile
            return self._take(connection, key, holder)
        if before != holder and _is_open(connection, *node_of(before)):
            return before
        connection.execute(update(reservations).where(_is(key)).values(holder=holder))
        return ""

    def _release(self, connection: Connection, released: Sequence[Released]) -> None:
        """Reservations that have come to somebody else stay."""
        rows = [(one.key.project, one.key.domain, one.key.digest, one.holder) for one in released]
        self._delete.run(connection, sorted(rows))


def _holders_that_ended(connection: Connection) -> Sequence[str]:
    """Those whose execution has ended: it stays so."""
    of: dict[ExecutionId, list[str]] = {}
    for holder in connection.execute(select(reservations.c.holder).distinct()).scalars():
        of.setdefault(node_of(holder)[0], []).append(holder)
    have_ended = select(*KEY).where(is_one_of(*KEY), executions.c.phase.in_(ENDED_PHASES))
    ended = [ExecutionId(*row) for portion in portions(list(of)) for row in connection.execute(have_ended, portion)]
    return [holder for execution in ended for holder in of[execution]]


def _is(key: CacheKey) -> ColumnElement[bool]:
    columns = reservations.c
    return and_(columns.project == key.project, columns.domain == key.domain, columns.digest == key.digest)


def _owns(connection: Connection, owner: str, holder: str) -> bool:
    """True if this runner owns the execution of a holder. It stays so until the end of the transaction."""
    if not owner:
        return True
    statement = select(executions.c.name).where(is_execution(node_of(holder)[0]), executions.c.owner == owner)
    return connection.execute(statement.with_for_update(read=True)).first() is not None


def _is_open(connection: Connection, execution: ExecutionId, node_id: str) -> bool:
    ended = exists().where(
        node_executions.c.project == execution.project,
        node_executions.c.domain == execution.domain,
        node_executions.c.execution == execution.name,
        node_executions.c.node_id == node_id,
        node_executions.c.phase.in_(ENDED_NODE_PHASES),
    )
    statement = select(executions.c.name).where(
        executions.c.project == execution.project,
        executions.c.domain == execution.domain,
        executions.c.name == execution.name,
        executions.c.phase.not_in(ENDED_PHASES),
        ~ended,
    )
    return connection.execute(statement).first() is not None
