"""Questions that gates have asked, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from alula.core.engine.records import NodePhase, SignalRecord
from alula.core.ids import ExecutionId
from alula.server.store.query import Query
from alula.server.store.signals import SIGNALS
from alula.server.stores.checking import check
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells, newest_known
from alula.server.stores.sql.execution_keys import changed, in_order, is_one_of, portions, rows_of
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import node_executions, signals

_COLUMNS: Columns = {name: signals.c[name] for name in ("signal_id", "node_id", "principal", "created_at")}

_EXECUTION = (signals.c.project, signals.c.domain, signals.c.execution)
_NODE = tuple(
    mine == its for mine, its in zip((*_EXECUTION, signals.c.node_id), node_executions.primary_key, strict=True)
)
_OPEN = (
    select(*_EXECUTION, func.count())
    .join(node_executions, and_(*_NODE))
    .where(is_one_of(*_EXECUTION), signals.c.value.is_(None))
    .where(node_executions.c.phase.in_([phase.value for phase in NodePhase if not phase.is_terminal]))
    .group_by(*_EXECUTION)
)


class Signals:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.sql.upsert(signals, newest_known)

    async def get(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        return await self._database.read(lambda connection: _first(connection, _one(execution, signal_id)))

    async def page(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        page = check(query, SIGNALS)

        def read(connection: Connection) -> list[SignalRecord]:
            statement = paged(rows_of(signals, execution), page, _COLUMNS, self._database.sql)
            return [_record(row) for row in connection.execute(statement)]

        return await self._database.read(read)

    async def changed(self, execution: ExecutionId, since: int) -> list[SignalRecord]:
        statement = changed(signals, execution, since).order_by(*in_order(since, signals.c.signal_id))
        return await self._database.read(lambda connection: [_record(row) for row in connection.execute(statement)])

    async def open(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, int]:
        def read(connection: Connection) -> dict[ExecutionId, int]:
            rows = (row for portion in portions(executions) for row in connection.execute(_OPEN, portion))
            return {ExecutionId(*id): count for *id, count in rows}

        return await self._database.read(read)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        self._put.run(connection, [_row(id, seq, signal) for id, seq, one in merged for signal in one.signals])

    def lock(self, connection: Connection, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        """A signal that nobody else answers until the end of the transaction."""
        return _first(connection, _one(execution, signal_id).with_for_update())


# `Any`: of the selected columns, which stand in the schema.
def _one(execution: ExecutionId, signal_id: str) -> Select[Any]:
    return rows_of(signals, execution).where(signals.c.signal_id == signal_id)


def _first(connection: Connection, statement: Select[Any]) -> SignalRecord | None:
    row = connection.execute(statement).first()
    return None if row is None else _record(row)


def _row(execution: ExecutionId, seq: int, signal: SignalRecord) -> Cells:
    return (
        *execution,
        signal.signal_id,
        signal.node_id,
        signal.created_at,
        cells.from_prose_if_any(signal.principal),
        signal.type,
        signal.value,
        seq,
    )


def _record(row: Row[Any]) -> SignalRecord:
    return SignalRecord(
        signal_id=row.signal_id,
        node_id=row.node_id,
        type=row.type,
        value=row.value,
        created_at=row.created_at,
        principal=row.principal,
    )
