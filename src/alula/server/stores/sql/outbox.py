"""The outbox: messages for consumers, a row for each consumer that a message is for.

A transaction with commits asks once for the consumers, and that is all that it costs while there are none. PostgreSQL
would let a commit go on that has asked before a consumer was there, so a registration waits for the commits under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Exists, Row, delete, exists, select, text, update

from alula.core.ids import ExecutionId
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.outbox import Consumer, OutboxMessage
from alula.server.stores.merging import Merged
from alula.server.stores.outgoing import Told, launched, told
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, newest
from alula.server.stores.sql.execution_keys import is_one_of, portions
from alula.server.stores.sql.leases import Leases
from alula.server.stores.sql.tables import consumers, execution_data, outbox

_WANTED = "SELECT name, nodes FROM outbox_consumers"
_OF_DATA = (execution_data.c.project, execution_data.c.domain, execution_data.c.execution)
_INCARNATIONS = select(*_OF_DATA, execution_data.c.incarnation).where(is_one_of(*_OF_DATA))


class Outbox:
    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._put_consumer = database.sql.upsert(consumers, newest)
        self._insert = database.sql.insert(outbox, without=["number"])

    async def register(self, consumer: Consumer) -> bool:
        return await self._database.write(lambda connection: self.put(connection, consumer))

    def put(self, connection: Connection, consumer: Consumer) -> bool:
        """Register one in a transaction of the caller's."""
        is_it = consumers.c.name == consumer.name
        if (before := connection.execute(select(consumers).where(is_it)).first()) is None:
            self._wait_for_commits(connection)
        self._put_consumer.run(connection, [(consumer.name, int(consumer.nodes), consumer.keep_us)])
        return before is None

    def drop(self, connection: Connection, name: str, *, unless: Exists) -> None:
        """Forget one in a transaction of the caller's, unless something is so when no other transaction is about to
        register it."""
        self._wait_for_commits(connection)
        if not connection.execute(select(unless)).scalar():
            self._forget(connection, [name])

    async def forget(self, name: str) -> None:
        await self._database.write(lambda connection: self._forget(connection, [name]))

    async def forget_overdue(self, lease: Lease) -> list[str]:
        def forget(connection: Connection) -> list[str]:
            now = self._database.now(connection)
            overdue = [
                consumer.name
                for consumer in connection.execute(select(consumers))
                if (oldest := _oldest(connection, consumer.name)) is not None and oldest <= now - consumer.keep_us
            ]
            self._forget(connection, overdue)
            return overdue

        return await self._leases.under(lease, forget)

    async def claim(
        self, consumer: str, *, limit: int, lease_us: int, under: Lease | None = None
    ) -> list[OutboxMessage]:
        def claim(connection: Connection) -> list[OutboxMessage]:
            now = self._database.now(connection)
            free = (
                select(outbox)
                .where(outbox.c.consumer == consumer, outbox.c.claimed_until <= now)
                .order_by(outbox.c.number)
                .limit(limit)
                # Two that claim at once share the messages; neither waits for the other.
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(free).all()
            claimed = update(outbox).where(outbox.c.number.in_([row.number for row in rows]))
            if rows:
                connection.execute(claimed.values(claimed_until=now + lease_us))
            return [_message(row) for row in rows]

        return await (self._database.write(claim) if under is None else self._leases.under(under, claim))

    async def release(self, consumer: str, *, under: Lease) -> None:
        claimed = update(outbox).where(outbox.c.consumer == consumer, outbox.c.claimed_until > 0)
        await self._leases.under(under, lambda connection: connection.execute(claimed.values(claimed_until=0)))

    async def acknowledge(self, consumer: str, numbers: Sequence[int]) -> None:
        meant = delete(outbox).where(outbox.c.consumer == consumer, outbox.c.number.in_(numbers))
        await self._database.write(lambda connection: connection.execute(meant))

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        def is_for_nobody(_now: int) -> ColumnElement[bool]:
            return ~exists().where(consumers.c.name == outbox.c.consumer)

        return await self._leases.remove_some(lease, outbox.c.number, is_for_nobody, limit)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions."""
        self._tell(connection, ((id, told(changes)) for id, _, changes in merged))

    def tell_launch(self, connection: Connection, execution: ExecutionRecord) -> None:
        self._tell(connection, [(execution.id, [launched(execution)])])

    def _tell(self, connection: Connection, of: Iterable[tuple[ExecutionId, Iterable[Told]]]) -> None:
        wanted = self._database.sql.rows(connection, _WANTED)
        if not wanted:
            return
        news, now = list(of), self._database.now(connection)
        incarnations = _incarnations(connection, [id for id, _ in news])
        rows: list[Cells] = [
            (name, *id, incarnations.get(id, ""), *each, now, 0)
            for id, of_one in news
            for each in of_one
            for name, nodes in wanted
            if nodes or each[0] == "run"
        ]
        self._insert.run(connection, rows)

    def _forget(self, connection: Connection, names: Sequence[str]) -> None:
        """Write nothing more for these. Their messages expire."""
        if names:
            self._wait_for_commits(connection)
            connection.execute(delete(consumers).where(consumers.c.name.in_(names)))

    def _wait_for_commits(self, connection: Connection) -> None:
        if not self._database.sql.is_sqlite:  # which has one writer at a time
            connection.execute(text("LOCK TABLE outbox_consumers IN ACCESS EXCLUSIVE MODE"))


def _oldest(connection: Connection, consumer: str) -> int | None:
    """The time at which the first message was written that a consumer has not taken; None if there is none."""
    first = select(outbox.c.written_at).where(outbox.c.consumer == consumer).order_by(outbox.c.number).limit(1)
    return connection.execute(first).scalar()


def _incarnations(connection: Connection, ids: Sequence[ExecutionId]) -> dict[ExecutionId, str]:
    found: dict[ExecutionId, str] = {}
    for portion in portions(ids):
        for *id, incarnation in connection.execute(_INCARNATIONS, portion):
            found[ExecutionId(*id)] = incarnation or ""
    return found


def _message(row: Row[Any]) -> OutboxMessage:  # `Any`: a whole row
    return OutboxMessage(
        number=row.number,
        kind=row.kind,
        execution=ExecutionId(row.project, row.domain, row.execution),
        incarnation=row.incarnation,
        node_id=row.node_id,
        phase=row.phase,
        occurred_at=row.occurred_at,
    )
