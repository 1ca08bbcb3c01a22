"""Attempts of task nodes."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import AttemptRecord
from alula.core.ids import ExecutionId
from alula.server.store.listing import Listing, number
from alula.server.store.query import Query

ATTEMPTS: Listing[AttemptRecord] = Listing(
    fields={"attempt": number("attempt")}, identity=("attempt",), created_at="attempt"
)
"""Of one node."""


class Attempts(Protocol):
    async def page(self, execution: ExecutionId, node_id: str, query: Query) -> list[AttemptRecord]: ...
