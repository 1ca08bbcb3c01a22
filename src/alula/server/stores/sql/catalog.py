"""Statements on the catalog: outputs that may stand in for a run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from alula.core.engine.records import CacheEntry
from alula.core.policy.cache_key import CacheKey
from alula.server.stores.sql import cells
from alula.server.stores.sql.dialect import Sql, newest
from alula.server.stores.sql.tables import catalog


class Catalog:
    def __init__(self, sql: Sql) -> None:
        self._put = sql.upsert(catalog, newest)

    def put(self, connection: Connection, entries: Sequence[CacheEntry]) -> None:
        """At most one for each key."""
        rows = [
            (
                entry.key.project,
                entry.key.domain,
                entry.key.digest,
                entry.key.task,
                entry.key.cache_version,
                entry.key.interface,
                cells.from_words(entry.key.inputs),
                entry.source,
                entry.created_at,
                entry.outputs,
            )
            for entry in entries
        ]
        # One order for all writers: two that publish the same keys wait for each other, and never both.
        self._put.run(connection, sorted(rows))

    def get(self, connection: Connection, key: CacheKey) -> CacheEntry | None:
        row = connection.execute(
            select(catalog).where(
                catalog.c.project == key.project,
                catalog.c.domain == key.domain,
                catalog.c.digest == key.digest,
            )
        ).first()
        if row is None:
            return None
        kept = CacheKey(
            project=row.project,
            domain=row.domain,
            task=row.task,
            cache_version=row.cache_version,
            interface=row.interface,
            inputs=cells.to_words(row.inputs),
            digest=row.digest,
        )
        return CacheEntry(kept, row.outputs, row.source, row.created_at)
