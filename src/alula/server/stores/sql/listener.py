"""Wake-ups from other processes on the same PostgreSQL, by LISTEN and NOTIFY. Runs on the event loop.

A note can be missed while the connection is down; then everything that may have been noted is woken once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import psycopg
from sqlalchemy import URL

from alula.core.errors import AlulaError, Unavailable
from alula.core.ids import ExecutionId
from alula.server.store import WakeUp
from alula.server.stores.sql.dialect import WAKE_UP_CHANNEL, decode_wake_up

_RETRY_S = 1.0
_CONNECT_TIMEOUT_S = 5
_log = logging.getLogger(__name__)

Missed = Callable[[], Awaitable[Sequence[ExecutionId]]]


class Listener:
    """`wake` is called for notes of other origins; `missed` gives those to wake after the connection was down."""

    def __init__(self, url: URL, origin: str, wake: WakeUp, missed: Missed) -> None:
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._origin = origin
        self._wake = wake
        self._missed = missed
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection | None = None

    async def start(self) -> None:
        """Returns when it listens. Raises `Unavailable` code `StoreUnreachable`."""
        try:
            self._connection = await self._connect()
        except psycopg.OperationalError as error:
            raise Unavailable(
                "StoreUnreachable",
                f"no connection to the database for wake-ups: {error}",
                fix="check that the server allows more connections",
            ) from error
        self._task = asyncio.create_task(self._run(self._connection), name="store-listener")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._disconnect()

    async def _run(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            try:
                async for note in connection.notifies():
                    self._hear(note.payload)
            except psycopg.OperationalError as error:
                _log.warning("wake-ups of other processes are delayed: %s", error)
            await self._disconnect()
            connection = await self._reconnected()

    async def _reconnected(self) -> psycopg.AsyncConnection:
        while True:
            await asyncio.sleep(_RETRY_S)
            try:
                connection = self._connection = await self._connect()
                for execution in await self._missed():
                    self._wake(execution)
            except (psycopg.OperationalError, AlulaError):
                await self._disconnect()
                continue
            return connection

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S, application_name="alula-wake-up"
        )
        try:
            await connection.execute(f"LISTEN {WAKE_UP_CHANNEL}")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _hear(self, payload: str) -> None:
        try:
            origin, execution = decode_wake_up(payload)
        except msgspec.MsgspecError:
            _log.warning("a note on channel %s is not ours: %r", WAKE_UP_CHANNEL, payload)
            return
        if origin != self._origin:
            self._wake(execution)
