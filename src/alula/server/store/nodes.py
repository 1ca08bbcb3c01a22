"""Nodes of executions."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.query import Query


class Nodes(Protocol):
    async def get(self, execution: ExecutionId, node_id: str) -> NodeRecord | None: ...

    async def page(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        """Nodes whose parent is `parent_id` ("" for the top level), or all with None. Inputs and outputs are read
        `with_values` only.
        Filter fields: node_id, phase, cache_status, created_at, started_at, updated_at."""
        ...
