"""The inbox: requests that the owner of an execution has yet to take in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.inbox import InboxMessage
from alula.server.stores.addressee import check_addressee, check_unanswered
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.execution_keys import is_one_of, portions
from alula.server.stores.sql.executions import Executions
from alula.server.stores.sql.signals import Signals
from alula.server.stores.sql.tables import inbox
from alula.server.stores.sql.wake_ups import WakeUps

_KEY = (inbox.c.project, inbox.c.domain, inbox.c.execution)
_WAITING = select(inbox.c.number, *_KEY, inbox.c.event).where(is_one_of(*_KEY))
"""Built once, as each end of an execution asks: building it takes longer than running it."""


class Inbox:
    def __init__(
        self, database: Database, audits: Audits, wake_ups: WakeUps, executions: Executions, signals: Signals
    ) -> None:
        self._database = database
        self._audits = audits
        self._wake_ups = wake_ups
        self._executions = executions
        self._signals = signals
        sql = database.sql
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

    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        def post(connection: Connection) -> None:
            check_addressee(execution, self._executions.phase(connection, execution))
            if answers:
                signal = self._signals.lock(connection, execution, answers)
                mail = self.waiting(connection, [execution])
                check_unanswered(execution, answers, signal, (message.event for message in mail))
            self._insert.run(connection, [(*execution, event)])
            self._audits.append(connection, [audit])
            self._wake_ups.note(connection, execution)

        await self._database.write(post, after=lambda _: self._wake_ups.wake(execution))

    async def read(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        return await self._database.read(lambda connection: self.waiting(connection, executions))

    def waiting(self, connection: Connection, asked: Sequence[ExecutionId]) -> list[InboxMessage]:
        rows = [tuple(row) for portion in portions(asked) for row in connection.execute(_WAITING, portion)]
        rows.sort(key=lambda row: row[0])
        return [InboxMessage(number, ExecutionId(*id), event) for number, *id, event in rows]

    def addressees(self, connection: Connection) -> list[ExecutionId]:
        """Executions that have mail."""
        return [ExecutionId(*row) for row in connection.execute(select(*_KEY).distinct())]

    def consume(self, connection: Connection, rows: Sequence[Cells]) -> None:
        """Rows of number, project, domain, execution."""
        self._delete.run(connection, rows)

    def clear(self, connection: Connection, executions: Sequence[ExecutionId]) -> None:
        """Throw away mail that nobody will read."""
        self._clear.run(connection, executions)
