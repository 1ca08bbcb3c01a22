"""Nodes of executions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntFlag
from typing import NamedTuple, Protocol

import msgspec

from alula.core.engine.records import CacheStatus, NodePhase, NodeRecord
from alula.core.errors import TaskError
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


class Taker(msgspec.Struct, frozen=True):
    """A node that has its outputs from the cache."""

    execution: ExecutionId
    node_id: str
    source: str
    """The attempt that has put them there, as `AttemptId` says it."""
    updated_at: int
    """The time of its last change: when it took them."""


TAKERS: Listing[Taker] = Listing(
    fields={
        "source": text("source"),
        "updated_at": time("updated_at"),
        "project": text("execution.project"),
        "domain": text("execution.domain"),
        "execution": text("execution.name"),
        "node_id": text("node_id"),
    },
    identity=("project", "domain", "execution", "node_id"),
    created_at="updated_at",
)


class NodeFlag(IntFlag):
    """What a node is, beside its kind in the graph."""

    PARENT = 1
    DYNAMIC = 2
    ARRAY = 4
    DECK = 8
    """It has made a deck."""


class NodeColumns(NamedTuple):
    """Nodes of one execution, each field as a column: thousands of them are read and sent at once."""

    node_id: Sequence[str]
    spec_node_id: Sequence[str | None]
    parent_id: Sequence[str | None]
    phase: Sequence[int]
    created_at: Sequence[int | None]
    started_at: Sequence[int | None]
    ended_at: Sequence[int | None]
    attempts: Sequence[int]
    """The number of attempts that have been made."""
    cache_status: Sequence[int | None]
    flags: Sequence[int]
    """`NodeFlag`s."""
    child: Sequence[str | None]
    error: Sequence[TaskError | None]


class Nodes(Protocol):
    async def get(self, execution: ExecutionId, node_id: str) -> NodeRecord | None: ...

    async def page(
        self, execution: ExecutionId, parent_id: str | None, query: Query, *, with_values: bool = False
    ) -> list[NodeRecord]:
        """Nodes whose parent is `parent_id` ("" for the top level), or all with None. Inputs and outputs are read
        `with_values` only."""
        ...

    async def columns(
        self, execution: ExecutionId, parent_id: str | None = None, *, since: int = 0, after: str = "", limit: int
    ) -> NodeColumns:
        """Nodes in the order of their ids, from the one after `after` on. With `since`, only those that have changed,
        or have a new attempt, after the log had that many events."""
        ...

    async def takers(self, query: Query) -> list[Taker]:
        """Nodes of all executions that have their outputs from the cache. A page costs little where a filter names the
        source and the place."""
        ...

    async def counts(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, dict[NodePhase, int]]:
        """The number of nodes in each phase, of those that have begun."""
        ...
