"""Notes from other processes on the same PostgreSQL, by LISTEN. Runs on the event loop.

A note can be missed while the connection is down: then that is made good once it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from alula.core.errors import AlulaError, Unavailable
from alula.server.stores.sql.background import ended

RETRY_S = 1.0
_CONNECT_TIMEOUT_S = 5
_log = logging.getLogger(__name__)


async def connected(url: URL, name: str) -> psycopg.AsyncConnection:
    """A connection for notes."""
    # Word by word: SQLAlchemy leaves spaces in a URL that libpq refuses.
    query = {word: value if isinstance(value, str) else ",".join(value) for word, value in url.query.items()}
    words = {**url.translate_connect_args(username="user", database="dbname"), **query}
    return await psycopg.AsyncConnection.connect(
        make_conninfo(**words), autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S, application_name=name
    )


class Listener:
    """Gives the notes of each channel to its callback; `make_good` is called after the connection was down."""

    def __init__(
        self, url: URL, channels: Mapping[str, Callable[[str], None]], make_good: Callable[[], Awaitable[None]]
    ) -> None:
        self._url = url
        self._channels = channels
        self._make_good = make_good
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
        await ended(task)
        await self._disconnect()

    async def _run(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            try:
                async for note in connection.notifies():
                    self._channels[note.channel](note.payload)
            except psycopg.OperationalError as error:
                _log.warning("wake-ups of other processes are delayed: %s", error)
            await self._disconnect()
            connection = await self._reconnected()

    async def _reconnected(self) -> psycopg.AsyncConnection:
        while True:
            await asyncio.sleep(RETRY_S)
            try:
                connection = self._connection = await self._connect()
                await self._make_good()
            except (psycopg.OperationalError, AlulaError):
                await self._disconnect()
                continue
            return connection

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await connected(self._url, "alula-wake-up")
        try:
            for channel in self._channels:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
