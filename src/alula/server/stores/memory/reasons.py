"""Causal records of executions."""

from __future__ import annotations

from alula.core.engine.records import Reason
from alula.core.ids import ExecutionId
from alula.server.stores.memory.runs import Runs


class Reasons:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def read(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        run = self._runs.get(execution)
        return [r for r in run.reasons if node_id is None or r.node_id == node_id] if run else []
