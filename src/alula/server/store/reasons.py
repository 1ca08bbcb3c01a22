"""Causal records, which the engine writes: they tell why an execution is as it is."""

from __future__ import annotations

from typing import Protocol

from alula.core.engine.records import Reason
from alula.core.ids import ExecutionId


class Reasons(Protocol):
    async def read(self, execution: ExecutionId, node_id: str | None = None) -> list[Reason]:
        """In the order in which they came."""
        ...
