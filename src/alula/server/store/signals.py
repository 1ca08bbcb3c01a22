"""Questions that gates have asked, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.core.engine.records import SignalRecord
from alula.core.ids import ExecutionId
from alula.server.store.listing import Listing, text, time
from alula.server.store.query import Query

SIGNALS: Listing[SignalRecord] = Listing(
    fields={
        "signal_id": text("signal_id"),
        "node_id": text("node_id"),
        "principal": text("principal"),
        "created_at": time("created_at"),
    },
    identity=("signal_id",),
)
"""Of one execution."""


class Signals(Protocol):
    async def get(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None: ...

    async def page(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        """The questions that the gates of an execution have asked."""
        ...

    async def changed(self, execution: ExecutionId, since: int) -> list[SignalRecord]:
        """Those that have changed after the log had `since` events; all with 0."""
        ...

    async def open(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, int]:
        """The number of questions without an answer whose nodes still wait for it; of executions that have some."""
        ...
