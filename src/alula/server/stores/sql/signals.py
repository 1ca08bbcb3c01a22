"""Statements on what gates have asked and were answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from alula.core.engine.records import Changes, SignalRecord
from alula.core.ids import ExecutionId
from alula.server.stores.fields import Page
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Cells, Sql, newest_known
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import signals

_COLUMNS: Columns = {name: signals.c[name] for name in ("signal_id", "node_id", "principal", "created_at")}


class Signals:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._put = sql.upsert(signals, newest_known)

    def write(self, connection: Connection, merged: Sequence[tuple[ExecutionId, Changes]]) -> None:
        """Changes of executions, at most one for each and with at most one row for each signal."""
        self._put.run(connection, [_row(id, signal) for id, one in merged for signal in one.signals])

    def get(self, connection: Connection, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        row = connection.execute(_of(execution).where(signals.c.signal_id == signal_id)).first()
        return None if row is None else _record(row)

    def lock(self, connection: Connection, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        """A signal that nobody else answers until the end of the transaction."""
        statement = _of(execution).where(signals.c.signal_id == signal_id).with_for_update()
        row = connection.execute(statement).first()
        return None if row is None else _record(row)

    def page(self, connection: Connection, execution: ExecutionId, page: Page) -> list[SignalRecord]:
        statement = paged(_of(execution), page, _COLUMNS, [signals.c.signal_id], self._sql)
        return [_record(row) for row in connection.execute(statement)]


# `Any`: of the selected columns, which stand in the schema.
def _of(execution: ExecutionId) -> Select[Any]:
    return select(signals).where(
        signals.c.project == execution.project,
        signals.c.domain == execution.domain,
        signals.c.execution == execution.name,
    )


def _row(execution: ExecutionId, signal: SignalRecord) -> Cells:
    return (
        *execution,
        signal.signal_id,
        signal.node_id,
        signal.created_at,
        cells.from_prose_if_any(signal.principal),
        signal.type,
        signal.value,
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
