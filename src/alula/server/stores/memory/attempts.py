"""Attempts of task nodes."""

from __future__ import annotations

import copy
from collections.abc import Collection

from alula.core.engine.records import AttemptRecord
from alula.core.ids import ExecutionId
from alula.server.store.attempts import ATTEMPTS, AttemptColumns, is_told_by_node
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.columns import columns_of
from alula.server.stores.memory.runs import Runs


class Attempts:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]:
        page = check(query, ATTEMPTS)
        run = self._runs.get(execution)
        of_node = [a for a in run.attempts.values() if a.node_id == node_id] if run else []
        return [copy.copy(each) for each in lists.page_of(of_node, page, ATTEMPTS)]

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[AttemptRecord]:
        run = self._runs.get(execution)
        rows = sorted(run.attempts.items()) if run is not None else []
        return [copy.copy(row) for key, row in rows if key > after][:limit]

    async def columns(self, execution: ExecutionId, *, since: int = 0, limit: int | None = None) -> AttemptColumns:
        run = self._runs.get(execution)
        if run is None:
            return AttemptColumns(*columns_of([], len(AttemptColumns._fields)))
        rows = [
            (a.node_id, a.attempt, int(a.phase), a.created_at, a.started_at, a.ended_at, a.size)
            for key, a in sorted(run.attempts.items())
            if (run.has_changed("attempt", key, since) if since else not is_told_by_node(a.attempt, a.phase, a.size))
        ]
        return AttemptColumns(*columns_of(rows[:limit], len(AttemptColumns._fields)))

    async def sizes(self, execution: ExecutionId, nodes: Collection[str]) -> dict[str, int]:
        run = self._runs.get(execution)
        attempts = run.attempts.values() if run is not None else ()
        return {a.node_id: a.size for a in attempts if a.size is not None and a.node_id in nodes}
