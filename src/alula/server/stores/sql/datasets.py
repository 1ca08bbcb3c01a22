"""Datasets: each has artifacts of a client, or the cache entries of one task."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from alula.server.store.audits import Audit
from alula.server.store.datasets import DATASETS, DatasetId, DatasetRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.sql import cells
from alula.server.stores.sql.audits import Audits
from alula.server.stores.sql.database import Database
from alula.server.stores.sql.dialect import Cells
from alula.server.stores.sql.listing import Columns, paged
from alula.server.stores.sql.tables import datasets

_COLUMNS: Columns = {
    **{name: datasets.c[name] for name in ("project", "domain", "version", "created_at")},
    "name": datasets.c.dataset,
}
_keys_decoder = msgspec.json.Decoder(tuple[str, ...])


class Datasets:
    def __init__(self, database: Database, audits: Audits) -> None:
        self._database = database
        self._audits = audits
        self._create = database.sql.insert_if_absent(datasets)

    async def create(self, dataset: DatasetRecord, audit: Audit) -> bool:
        row = _row(dataset)
        return await self._audits.change(audit, lambda connection: self._create.run(connection, [row]) == 1)

    async def page(self, query: Query) -> list[DatasetRecord]:
        page = check(query, DATASETS)

        def read(connection: Connection) -> list[DatasetRecord]:
            statement = paged(select(datasets), page, _COLUMNS, self._database.sql)
            return [
                DatasetRecord(
                    id=DatasetId(row.project, row.domain, row.dataset, row.version),
                    uuid=row.uuid,
                    partition_keys=_keys_decoder.decode(row.partition_keys),
                    metadata=cells.to_words(row.metadata),
                    created_at=row.created_at,
                )
                for row in connection.execute(statement)
            ]

        return await self._database.read(read)

    def keep(self, connection: Connection, given: Sequence[DatasetRecord]) -> None:
        """Those that are not there yet. In one order for all writers."""
        self._create.run(connection, sorted(map(_row, given)))


def _row(dataset: DatasetRecord) -> Cells:
    keys = msgspec.json.encode(dataset.partition_keys).decode()
    return (*dataset.id, dataset.uuid, keys, cells.from_words(dataset.metadata), dataset.created_at)
