"""Causal records, which the engine writes: they tell why an execution is as it is."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import Reason
from alula.core.ids import ExecutionId


class Reasons(Protocol):
    async def page(
        self,
        execution: ExecutionId,
        *,
        node_id: str | None = None,
        index: int | None = None,
        code: str | None = None,
        after: int = 0,
        limit: int,
    ) -> list[tuple[int, Reason]]:
        """With their numbers, which rise, those of a number above `after`; only of that node, item and code if these
        are given."""
        ...

    async def read(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        """In the order in which they came."""
        ...
