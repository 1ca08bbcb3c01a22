"""Statements on the inbox: what the owner of an execution has yet to take in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_

from alula.core.ids import ExecutionId
from alula.server.store import InboxMessage
from alula.server.stores.sql.dialect import Cells, Sql
from alula.server.stores.sql.tables import inbox

_KEY = (inbox.c.project, inbox.c.domain, inbox.c.execution)
_ASKED_AT_ONCE = 200
"""Executions in one statement: three parameters each, well under what the databases allow."""


class Inbox:
    def __init__(self, sql: Sql) -> None:
        self._insert = sql.insert(inbox, without=["number"])
        self._delete = sql.bulk(
            delete(inbox).where(
                inbox.c.number == bindparam("number"), *(column == bindparam(column.name) for column in _KEY)
            ),
            ["number", *(column.name for column in _KEY)],
        )
        self._clear = sql.bulk(
            delete(inbox).where(*(column == bindparam(column.name) for column in _KEY)),
            [column.name for column in _KEY],
        )

    def put(self, connection: Connection, execution: ExecutionId, event: bytes) -> None:
        self._insert.run(connection, [(*execution, event)])

    def read(self, connection: Connection, asked: Sequence[ExecutionId]) -> list[InboxMessage]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(asked), _ASKED_AT_ONCE):
            some = asked[start : start + _ASKED_AT_ONCE]
            statement = select(inbox.c.number, *_KEY, inbox.c.event).where(tuple_(*_KEY).in_(some))
            rows += [tuple(row) for row in connection.execute(statement)]
        rows.sort(key=lambda row: row[0])
        return [InboxMessage(number, ExecutionId(*id), event) for number, *id, event in rows]

    def addressees(self, connection: Connection) -> list[ExecutionId]:
        """Executions that have mail."""
        return [ExecutionId(*row) for row in connection.execute(select(*_KEY).distinct())]

    def consume(self, connection: Connection, rows: Sequence[Cells]) -> None:
        """Rows of number, project, domain, execution."""
        self._delete.run(connection, rows)

    def clear(self, connection: Connection, executions: Sequence[ExecutionId]) -> None:
        """Throw away what nobody will read."""
        self._clear.run(connection, executions)
