"""Items of array nodes."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.ids import ExecutionId
from alula.server.store.listing import Listing, member, number, time
from alula.server.store.query import Query

ITEMS: Listing[ItemRecord] = Listing(
    fields={"index": number("index"), "phase": member("phase", AttemptPhase), "updated_at": time("updated_at")},
    identity=("index",),
    created_at="index",
)
"""Of one node."""


class Items(Protocol):
    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]: ...

    async def phases(self, execution: ExecutionId, node_id: str) -> dict[AttemptPhase, int]:
        """The number of items in each phase, of those that have begun."""
        ...
