"""Attempts of task nodes."""

from __future__ import annotations

import copy

from alula.core.engine.records import AttemptRecord
from alula.core.ids import ExecutionId
from alula.server.store.attempts import ATTEMPTS
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.runs import Runs


class Attempts:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        page = check(query, ATTEMPTS)
        run = self._runs.get(execution)
        of_node = [a for a in run.attempts.values() if a.node_id == node_id] if run else []
        return [copy.copy(each) for each in lists.page_of(of_node, page, ATTEMPTS)]
