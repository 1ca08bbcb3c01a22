"""Items of array nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

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


class ItemColumns(NamedTuple):
    """Items, each field as a column."""

    node_id: Sequence[str]
    item: Sequence[int]
    """Its index."""
    attempt: Sequence[int]
    phase: Sequence[int]
    cache_status: Sequence[int | None]
    started_at: Sequence[int | None]
    ended_at: Sequence[int | None]


class Items(Protocol):
    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[ItemRecord]: ...

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[ItemRecord]:
        """Of all nodes, in the order of node and index: those that come after `after`."""
        ...

    async def columns(
        self, execution: ExecutionId, node_id: str | None = None, *, since: int = 0, limit: int | None = None
    ) -> ItemColumns:
        """Items by index, of one node or of all. With `since`, those that have changed after the log had that many
        events."""
        ...

    async def counts(
        self, execution: ExecutionId, nodes: Collection[str] | None = None
    ) -> dict[str, dict[AttemptPhase, int]]:
        """The number of items in each phase, of those that have begun, by node: of these, or of all."""
        ...
