"""Items of array nodes."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.query import Query


class Items(Protocol):
    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]:
        """Filter fields: phase, index. Sort fields: index, updated_at."""
        ...

    async def phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        """How many items of an array are in each phase, of those that have begun."""
        ...
