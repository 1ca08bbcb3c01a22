"""The catalog: outputs that may stand in for a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from alula.core.engine.records import CacheEntry
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.task_datasets import TaskDataset, is_listed
from alula.server.store.audits import Audit
from alula.server.store.catalog import CATALOG
from alula.server.store.datasets import DatasetId, DatasetRecord
from alula.server.store.query import Filter, Query
from alula.server.stores.checking import check, check_filters
from alula.server.stores.merging import Merged
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.datasets import Datasets
from alula.server.stores.sql.dialect import newest
from alula.server.stores.sql.listing import Columns, holds, paged
from alula.server.stores.sql.tables import catalog

_COLUMNS: Columns = {
    name: catalog.c[name]
    for name in ("project", "domain", "task", "cache_version", "interface", "source", "digest", "created_at")
}
_KEY = (catalog.c.project, catalog.c.domain, catalog.c.digest)


class Catalog:
    def __init__(self, database: Database, audits: Audits, datasets: Datasets) -> None:
        self._database = database
        self._sql = database.sql
        self._audits = audits
        self._datasets = datasets
        self._put = database.sql.upsert(catalog, newest)

    async def get(self, key: CacheKey) -> CacheEntry | None:
        def read(connection: Connection) -> CacheEntry | None:
            columns = catalog.c
            row = connection.execute(
                select(catalog).where(
                    columns.project == key.project, columns.domain == key.domain, columns.digest == key.digest
                )
            ).first()
            return None if row is None else _entry(row, row.outputs)

        return await self._database.read(read)

    async def page(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        page = check(query, CATALOG)

        def read(connection: Connection) -> list[CacheEntry]:
            columns = [column for column in catalog.c if with_outputs or column.name != "outputs"]
            statement = paged(select(*columns), page, _COLUMNS, self._sql)
            return [_entry(row, row.outputs if with_outputs else b"") for row in connection.execute(statement)]

        return await self._database.read(read)

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        conditions = check_filters(filters, CATALOG)
        statement = delete(catalog).where(*(holds(given, _COLUMNS[given.field], self._sql) for given in conditions))

        def evict(connection: Connection) -> int:
            self._audits.append(connection, [audit])
            return connection.execute(statement).rowcount

        return await self._database.write(evict)

    def write(self, connection: Connection, merged: Sequence[Merged]) -> None:
        """Changes of executions, at most one for each."""
        published: dict[tuple[str, str, str], CacheEntry] = {}
        for _, _, changes in merged:
            for entry in changes.published:
                published[entry.key.project, entry.key.domain, entry.key.digest] = entry
        if published:
            self._publish(connection, list(published.values()))

    def _publish(self, connection: Connection, entries: Sequence[CacheEntry]) -> None:
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
                cells.from_prose(cells.from_words(entry.key.shown)),
                entry.source,
                entry.created_at,
                entry.outputs,
            )
            for entry in entries
        ]
        # One order for all writers: two that publish the same keys wait for each other, and never both.
        self._put.run(connection, sorted(rows))
        self._datasets.keep(connection, _datasets(entries))


def _datasets(entries: Sequence[CacheEntry]) -> list[DatasetRecord]:
    """One for the entries of each task, so that to list datasets costs nothing for each entry."""
    first: dict[DatasetId, int] = {}
    for entry in entries:
        id = DatasetId(entry.key.project, entry.key.domain, *TaskDataset.of(entry.key))
        if id not in first and is_listed(entry.key):
            first[id] = entry.created_at
    return [DatasetRecord(id, "", (), {}, created_at) for id, created_at in first.items()]


def _entry(row: Row[Any], outputs: bytes) -> CacheEntry:  # `Any`: of the selected columns
    key = CacheKey(
        project=row.project,
        domain=row.domain,
        task=row.task,
        cache_version=row.cache_version,
        interface=row.interface,
        inputs=cells.to_words(row.inputs),
        digest=row.digest,
        shown=cells.to_words(row.shown),
    )
    return CacheEntry(key, outputs, row.source, row.created_at)
