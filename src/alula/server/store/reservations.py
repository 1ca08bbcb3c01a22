"""Reservations: for each result that is being computed, the node that does it while others wait."""

from __future__ import annotations

from typing import Protocol

from alula.core.errors import FailedPrecondition
from alula.core.ids import ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.store.expiring import Expiring

EXECUTION_LOST = "ExecutionLost"


class Reservations(Expiring, Protocol):
    """Those whose holder's execution has ended can be removed."""

    async def take(self, key: CacheKey, holder: str, *, owner: str = "") -> str:
        """Reserve this result for the node that is to compute it. Returns empty if it may, else the node that has it.

        `holder` is `project/domain/execution/node`, of an item `project/domain/execution/node[item]`. Its reservation
        ends by `Changes.released`, which it commits, and at the latest with the node: a runner may have reserved for
        one that had ended meanwhile, and nobody waits for that.
        `owner`: the runner that asks. Not checked when empty. One that stood still, and has lost the holder's execution
        to another meanwhile, would reserve what the other has let go of: it is refused, `FailedPrecondition` code
        `ExecutionLost`.
        """
        ...

    async def holder(self, key: CacheKey) -> str:
        """The node that computes this result; empty for none."""
        ...

    async def release(self, key: CacheKey, holder: str, *, owner: str = "") -> None:
        """Let go of a reservation that came to nothing; fine if it is another's. Nothing is done for an `owner` that
        has lost the holder's execution, as it is that of the other by now."""
        ...


def execution_lost(execution: ExecutionId, owner: str) -> FailedPrecondition:
    """The refusal of a runner that does not own an execution any more."""
    return FailedPrecondition(EXECUTION_LOST, f"{execution} is not {owner}'s any more: another runner has claimed it")
