"""Items of array nodes."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Collection

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.items import ITEMS, ItemColumns
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.columns import columns_of
from alula.server.stores.memory.runs import Runs


class Items:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = check(query, ITEMS)
        found = lists.page_of(self._of(execution, node_id), page, ITEMS)
        return [copy.copy(item) for item in found]

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[ItemRecord]:
        run = self._runs.get(execution)
        rows = sorted(run.items.items()) if run is not None else []
        return [copy.copy(row) for key, row in rows if key > after][:limit]

    async def columns(
        self, execution: ExecutionId, node_id: str | None = None, *, since: int = 0, limit: int | None = None
    ) -> ItemColumns:
        run = self._runs.get(execution)
        if run is None:
            return ItemColumns(*columns_of([], len(ItemColumns._fields)))
        rows = [
            (i.node_id, i.index, i.attempt, int(i.phase), i.cache_status, i.started_at, i.ended_at)
            for key, i in sorted(run.items.items())
            if node_id in (None, i.node_id) and run.has_changed("item", key, since)
        ]
        return ItemColumns(*columns_of(rows[:limit], len(ItemColumns._fields)))

    async def counts(
        self, execution: ExecutionId, nodes: Collection[str] | None = None
    ) -> dict[str, dict[AttemptPhase, int]]:
        run = self._runs.get(execution)
        found: dict[str, Counter[AttemptPhase]] = defaultdict(Counter)
        for item in run.items.values() if run else ():
            if nodes is None or item.node_id in nodes:
                found[item.node_id][item.phase] += 1
        return {node_id: dict(counts) for node_id, counts in found.items()}

    def _of(self, execution: ExecutionId, node_id: str) -> list[ItemRecord]:
        run = self._runs.get(execution)
        return [item for item in run.items.values() if item.node_id == node_id] if run else []
