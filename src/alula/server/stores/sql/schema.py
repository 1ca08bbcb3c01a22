"""Opens the schema of a store: makes it, takes it as it is, or migrates it forward.

A new store is made from `tables` in one transaction and stamped with the newest revision. Alembic is loaded only
for a store that an older program made.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, select, text

from alula.server.stores.sql.tables import HEAD, metadata, revisions

_LOCK = 0x616C756C61  # "alula": programs that start at the same time on one PostgreSQL go one after the other


def prepare(connection: Connection) -> bool:
    """In the caller's transaction. True for a store that was made just now.

    Raises `FailedPrecondition` code `StoreTooNew`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    revision = stored_revision(connection)
    if revision is None:
        metadata.create_all(connection)
        connection.execute(insert(revisions).values(version_num=HEAD))
        return True
    if revision != HEAD:
        from alula.server.stores.sql import migrating  # lazy: imports Alembic

        migrating.upgrade(connection, revision)
    return False


def stored_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(revisions.name):
        return None
    return connection.execute(select(revisions.c.version_num)).scalar()
