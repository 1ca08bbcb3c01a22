"""Reservations: for each result that is being computed, the node that does it while others wait."""

from __future__ import annotations

from typing import Protocol

from alula.core.policy.cache_key import CacheKey
from alula.server.store.expiring import Expiring


class Reservations(Expiring, Protocol):
    """Those whose holder's execution has ended can be removed."""

    async def take(self, key: CacheKey, holder: str) -> str:
        """Reserve this result for the node that is to compute it. Returns empty if it may, else the node that has it.

        `holder` is `project/domain/execution/node`, of an item `project/domain/execution/node[item]`. Its reservation
        ends by `Changes.released`, which it commits, and at the latest with the node: a runner may have reserved for
        one that had ended meanwhile, and nobody waits for that.
        """
        ...

    async def holder(self, key: CacheKey) -> str:
        """The node that computes this result; empty for none."""
        ...

    async def release(self, key: CacheKey, holder: str) -> None:
        """Let go of a reservation that came to nothing; fine if it is another's."""
        ...
