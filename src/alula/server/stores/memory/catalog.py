"""The catalog: outputs that may stand in for a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from alula.core.engine.records import CacheEntry
from alula.core.ids import Place
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.task_datasets import TaskDataset, is_listed
from alula.server.store.audits import Audit
from alula.server.store.catalog import CATALOG
from alula.server.store.datasets import DatasetId, DatasetRecord
from alula.server.store.query import Filter, Query
from alula.server.stores.checking import check, check_filters
from alula.server.stores.memory import lists
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.datasets import Datasets


class Catalog:
    def __init__(self, audits: Audits, datasets: Datasets) -> None:
        self._audits = audits
        self._datasets = datasets
        self._rows: dict[tuple[str, str, str], CacheEntry] = {}

    async def get(self, key: CacheKey) -> CacheEntry | None:
        return self._rows.get(_place(key))

    async def page(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        page = check(query, CATALOG)
        found = lists.page_of(self._rows.values(), page, CATALOG)
        return found if with_outputs else [msgspec.structs.replace(entry, outputs=b"") for entry in found]

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        conditions = check_filters(filters, CATALOG)
        gone = [_place(entry.key) for entry in lists.matching(self._rows.values(), conditions, CATALOG)]
        for place in gone:
            del self._rows[place]
        self._audits.append(audit)
        return len(gone)

    def publish(self, entries: Sequence[CacheEntry]) -> None:
        for entry in entries:
            self._rows[_place(entry.key)] = entry
            if is_listed(entry.key):
                id = DatasetId(entry.key.project, entry.key.domain, *TaskDataset.of(entry.key))
                self._datasets.keep(DatasetRecord(id, "", (), {}, entry.created_at))

    def aging(self) -> Iterator[AgedRow]:
        """The rows that may go by their age."""
        for key, row in list(self._rows.items()):
            yield AgedRow(Place(*key[:2]), row.created_at, len(row.outputs), partial(self._rows.pop, key))

    def values(self) -> Iterator[bytes]:
        """Everything in it that may name objects."""
        return (entry.outputs for entry in self._rows.values())


def _place(key: CacheKey) -> tuple[str, str, str]:
    return key.project, key.domain, key.digest
