"""Attempts of task nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from alula.core.engine.records import AttemptPhase, AttemptRecord
from alula.core.ids import ExecutionId
from alula.server.store.listing import Listing, number
from alula.server.store.query import Query

ATTEMPTS: Listing[AttemptRecord] = Listing(
    fields={"attempt": number("attempt")}, identity=("attempt",), created_at="attempt"
)
"""Of one node."""
ENDED_WITH_NODE = (AttemptPhase.SUCCEEDED, AttemptPhase.FAILED, AttemptPhase.ABORTED)
"""The phases in which the last attempt of a node can have ended."""


def is_told_by_node(attempt: int, phase: int, size: int | None) -> bool:
    """True for a first attempt that ended with its node and is of no array: the node's row has its phase and times."""
    return attempt == 0 and phase in ENDED_WITH_NODE and size is None


class AttemptColumns(NamedTuple):
    """Attempts of one execution, each field as a column."""

    node_id: Sequence[str]
    attempt: Sequence[int]
    phase: Sequence[int]
    created_at: Sequence[int | None]
    started_at: Sequence[int | None]
    ended_at: Sequence[int | None]
    size: Sequence[int | None]


class Attempts(Protocol):
    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]: ...

    async def portion(
        self, execution: ExecutionId, *, after: tuple[str, int] = ("", -1), limit: int
    ) -> list[AttemptRecord]:
        """Of all nodes, in the order of node and number: those that come after `after`."""
        ...

    async def columns(self, execution: ExecutionId, *, since: int = 0, limit: int | None = None) -> AttemptColumns:
        """By node and number: those that have changed after the log had `since` events. With 0, those that the rows of
        their nodes don't tell, as `is_told_by_node` says."""
        ...

    async def sizes(self, execution: ExecutionId, nodes: Collection[str]) -> dict[str, int]:
        """The number of items of these nodes, of those that are arrays."""
        ...
