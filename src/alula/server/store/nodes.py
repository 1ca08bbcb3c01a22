"""Nodes of executions."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import CacheStatus, NodePhase, NodeRecord
from alula.core.ids import ExecutionId
from alula.server.store.listing import Listing, member, text, time
from alula.server.store.query import Query

NODES: Listing[NodeRecord] = Listing(
    fields={
        "node_id": text("node_id"),
        "phase": member("phase", NodePhase),
        "cache_status": member("cache_status", CacheStatus),
        "created_at": time("created_at"),
        "started_at": time("started_at"),
        "updated_at": time("updated_at"),
    },
    identity=("node_id",),
)
"""Of one execution."""


class Nodes(Protocol):
    async def get(self, execution: ExecutionId, node_id: str) -> NodeRecord | None: ...

    async def page(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        """Nodes whose parent is `parent_id` ("" for the top level), or all with None. Inputs and outputs are read
        `with_values` only."""
        ...
