"""Connections to the database: how they are opened, and what each may do.

Two engines on one database: one connection that writes, a few that only read. SQLite has one writer at a time
anyway, and its readers see the last commit meanwhile.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from alula.core.errors import FailedPrecondition, InvalidInput

READERS = 4
_BUSY_TIMEOUT_MS = 5_000
_CONNECT_TIMEOUT_S = 5
_STANDSTILL_S = 5
"""Seconds that PostgreSQL waits for the next statement of a transaction; a writer needs less than a millisecond."""
_WAL_LIMIT_BYTES = 64 << 20
_CHECKPOINT_PAGES = 4_000
"""16 MiB: commits touch many pages again and again, and each checkpoint writes a page once."""


def normalised(url: str | URL | Path) -> URL:
    """A URL that names its driver: `sqlite:///FILE` and `postgresql://...`, the latter over psycopg.

    A path is a SQLite file, whatever characters are in it.

    Raises `InvalidInput` code `BadDatabaseUrl`, which never shows a password.
    """
    if isinstance(url, Path):
        return URL.create("sqlite+pysqlite", database=str(url))
    fix = "give sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidInput("BadDatabaseUrl", "the database URL can't be read", fix=fix) from error
    kind = parsed.drivername
    if kind in ("sqlite", "sqlite+pysqlite"):
        if parsed.database in (None, "", ":memory:"):
            raise InvalidInput("BadDatabaseUrl", "the database URL names no file", fix=fix)
        return parsed.set(drivername="sqlite+pysqlite")
    if kind in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise InvalidInput("BadDatabaseUrl", f"there is no store on `{kind}`", fix=fix)


def writing_engine(url: URL, *, pooled: bool = False) -> Engine:
    """`pooled` as for `_postgresql`. Raises `FailedPrecondition` code `DriverMissing`."""
    if not url.drivername.startswith("sqlite"):
        try:
            engine = create_engine(
                url, paramstyle="format", pool_size=1, max_overflow=0, connect_args=_postgresql(pooled=pooled)
            )
        except ModuleNotFoundError as error:
            raise FailedPrecondition(
                "DriverMissing",
                "PostgreSQL needs the driver psycopg, which is not installed",
                fix="pip install 'alula[postgres]'",
            ) from error
        if pooled:
            event.listen(engine, "begin", _begin_pooled)
        else:
            event.listen(engine, "connect", _open_postgresql_writer)
        return engine
    engine = create_engine(url, pool_size=1, max_overflow=0, connect_args=_sqlite())
    event.listen(engine, "connect", _open_sqlite_writer)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(url: URL, *, pooled: bool = False) -> Engine:
    """`pooled` as for `_postgresql`. Its connections see the newest commit with each statement."""
    options: dict[str, Any] = {"pool_size": READERS, "max_overflow": 0, "isolation_level": "AUTOCOMMIT"}
    if not url.drivername.startswith("sqlite"):
        return create_engine(url, connect_args=_postgresql(pooled=pooled), **options)
    engine = create_engine(url, connect_args=_sqlite(), **options)
    event.listen(engine, "connect", _open_sqlite_reader)
    return engine


def _sqlite() -> dict[str, object]:
    # Before Python 3.12 the driver looks for what adapts each None and each bytes, and drops the error that it finds
    # nothing: a third of what a row costs. These give back what they are given.
    sqlite3.register_adapter(type(None), {None: None}.get)
    sqlite3.register_adapter(bytes, bytes)
    # The pool hands a connection to one thread at a time.
    return {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000}


def _postgresql(*, pooled: bool) -> dict[str, object]:
    """`pooled`: each transaction may have another connection of the server, so nothing may be left on one."""
    # Keepalives: a server that vanished without a word is noticed within half a minute, not two hours.
    return {
        **({"prepare_threshold": None} if pooled else {}),
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "alula",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def _open_postgresql_writer(connection: DBAPIConnection, _record: object) -> None:
    # A process that stands still in a transaction (stopped, swapped out, its machine asleep) holds locks that keep
    # others from taking over its executions. Its transaction is given up; should it come back, it writes it again.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{_STANDSTILL_S}s'")
    cursor.close()
    connection.commit()


def _begin_pooled(connection: Connection) -> None:
    # As above: set on the connection, it would stay there, for whoever has it next.
    connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = '{_STANDSTILL_S}s'")


def _open_sqlite_writer(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions by itself, later than `BEGIN IMMEDIATE`, and fail to upgrade them.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")


def _open_sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
