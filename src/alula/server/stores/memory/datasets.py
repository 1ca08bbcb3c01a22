"""Datasets."""

from __future__ import annotations

from alula.server.store.audits import Audit
from alula.server.store.datasets import DATASETS, DatasetId, DatasetRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits


class Datasets:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
        self._rows: dict[DatasetId, DatasetRecord] = {}

    async def create(self, dataset: DatasetRecord, audit: Audit) -> bool:
        if dataset.id in self._rows:
            return False
        self.keep(dataset)
        self._audits.append(audit)
        return True

    async def page(self, query: Query) -> list[DatasetRecord]:
        page = check(query, DATASETS)
        return lists.page_of(self._rows.values(), page, DATASETS)

    def keep(self, dataset: DatasetRecord) -> None:
        self._rows.setdefault(dataset.id, dataset)
