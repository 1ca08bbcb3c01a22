"""Items of array nodes."""

from __future__ import annotations

import copy
from collections import Counter

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.items import ITEMS
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.runs import Runs


class Items:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        page = check(query, ITEMS)
        found = lists.page_of(self._of(execution, node_id), page, ITEMS)
        return [copy.copy(item) for item in found]

    async def phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        return dict(Counter(item.phase for item in self._of(execution, node_id)))

    def _of(self, execution: ExecutionId, node_id: str) -> list[ItemRecord]:
        run = self._runs.get(execution)
        return [item for item in run.items.values() if item.node_id == node_id] if run else []
