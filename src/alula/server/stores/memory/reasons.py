"""Causal records of executions."""

from __future__ import annotations

from alula.core.engine.records import Reason
from alula.core.ids import ExecutionId
from alula.server.stores.memory.runs import Runs


class Reasons:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def page(
        self,
        execution: ExecutionId,
        *,
        node_id: str | None = None,
        index: int | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int,
    ) -> list[tuple[int, Reason]]:
        run = self._runs.get(execution)
        wanted = [
            (number, reason)
            for number, reason in enumerate(run.reasons if run else (), 1)
            if number > after
            and node_id in (None, reason.node_id)
            and index in (None, reason.index)
            and code in (None, reason.code)
        ]
        return wanted[:limit]

    async def read(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        run = self._runs.get(execution)
        return [r for r in run.reasons if node_id is None or r.node_id == node_id] if run else []
