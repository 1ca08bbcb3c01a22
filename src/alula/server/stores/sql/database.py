"""The ways to a database: changes go to the writer's thread, reads to a few threads. Nothing blocks the event loop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alula.core.errors import Unavailable
from alula.server.store.log import Commit
from alula.server.stores.sql import connections
from alula.server.stores.sql.dialect import Sql
from alula.server.stores.sql.faults import translated
from alula.server.stores.sql.writer import Append, Operation, Writer

Result = TypeVar("Result")


class Database:
    """Open from `start` to `stop`. `clock` is that of this machine, in microseconds; `pooled` as for `StoreOptions`.

    Raises `InvalidInput` code `BadDatabaseUrl`.
    """

    def __init__(self, url: str | URL | Path, clock: Callable[[], int], *, pooled: bool = False) -> None:
        self._clock = clock
        self.url = connections.normalised(url)
        self.origin = secrets.token_hex(8)
        writing = connections.writing_engine(self.url, pooled=pooled)
        self._reading = connections.reading_engine(self.url, pooled=pooled)
        self.sql = Sql(writing.dialect, self.origin)
        self._writer = Writer(writing, self.url)
        self._readers: ThreadPoolExecutor | None = None

    def start(self, append: Append) -> None:
        """`append` writes the commits of several executions, for `commit`."""
        self._writer.start(append)
        self._readers = ThreadPoolExecutor(connections.READERS, thread_name_prefix="store-reader")

    async def stop(self) -> None:
        await self._writer.stop()
        readers, self._readers = self._readers, None
        if readers is not None:
            await asyncio.to_thread(readers.shutdown)
            self._reading.dispose()

    def write(self, operation: Operation[Result], after: Callable[[Result], None] | None = None) -> Awaitable[Result]:
        """As `Writer.write`."""
        return self._writer.write(operation, after)

    def now(self, connection: Connection) -> int:
        """The time by the clock that all processes of the database share."""
        return self._clock() if self.sql.is_sqlite else self.sql.now(connection)  # SQLite is on this machine

    async def commit(self, commits: Sequence[Commit], after: Callable[[list[bool]], None]) -> list[bool]:
        """As `Writer.commit`."""
        return await self._writer.commit(commits, after) if commits else []

    async def read(self, statement: Callable[[Connection], Result]) -> Result:
        """The result of `statement`, which may be run twice."""
        if self._readers is None:
            raise Unavailable("StoreStopped", "the store is not running")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._on_reader, statement)

    def _on_reader(self, statement: Callable[[Connection], Result]) -> Result:
        try:
            return self._once(statement)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise translated(error, self.url) from error
        except SQLAlchemyError as error:
            raise translated(error, self.url) from error
        # The connection was broken: the pool has dropped it and opens another. Reading twice does no harm.
        try:
            return self._once(statement)
        except SQLAlchemyError as error:
            raise translated(error, self.url) from error

    def _once(self, statement: Callable[[Connection], Result]) -> Result:
        with self._reading.connect() as connection:
            return statement(connection)
