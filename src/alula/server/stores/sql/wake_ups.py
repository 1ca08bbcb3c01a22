"""Telling that an execution was created or has mail: this process at once, others through the database."""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy import Connection

from alula.core.ids import ExecutionId
from alula.server.store import WakeUp
from alula.server.stores.sql.dialect import WAKE_UP_CHANNEL, Sql, decode_wake_up

_log = logging.getLogger(__name__)


class WakeUps:
    """`origin` marks this store's own notes."""

    def __init__(self, sql: Sql, origin: str) -> None:
        self._sql = sql
        self._origin = origin
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

    def hear(self, note: str) -> None:
        """Tell this process what another one has noted."""
        try:
            origin, execution = decode_wake_up(note)
        except msgspec.MsgspecError:
            _log.warning("a note on channel %s is not ours: %r", WAKE_UP_CHANNEL, note)
            return
        if origin != self._origin:
            self.wake(execution)
