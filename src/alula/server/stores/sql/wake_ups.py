"""Telling that an execution was created or has mail: this process at once, others through the database."""

from __future__ import annotations

from sqlalchemy import Connection

from alula.core.ids import ExecutionId
from alula.server.store import WakeUp
from alula.server.stores.sql.dialect import Sql


class WakeUps:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._callbacks: list[WakeUp] = []

    def add(self, callback: WakeUp) -> None:
        self._callbacks.append(callback)

    def note(self, connection: Connection, execution: ExecutionId) -> None:
        """Tell other processes when this transaction is committed."""
        self._sql.note_wake_up(connection, execution)

    def wake(self, execution: ExecutionId) -> None:
        """Tell this process. On the event loop's thread."""
        for callback in self._callbacks:
            callback(execution)
