"""Which node computes a result that others wait for."""

from __future__ import annotations

from typing import Protocol

from alula.core.policy.cache_key import CacheKey
from alula.server.store.expiring import Expiring


class Reservations(Expiring, Protocol):
    """Those whose holder's execution has ended can be removed."""

    async def take(self, key: CacheKey, holder: str) -> str:
        """Make a node the one that computes this result; empty when it is, else who is already.

        `holder` is `project/domain/execution/node`, of an item `project/domain/execution/node[item]`. What it holds
        ends by `Changes.released`, which it commits, and at the latest with the node: a runner may have reserved for
        one that had ended meanwhile, and nobody waits for that.
        """
        ...

    async def holder(self, key: CacheKey) -> str:
        """The node that computes this result; empty for none."""
        ...

    async def release(self, key: CacheKey, holder: str) -> None:
        """Let go of a reservation that came to nothing; fine where it is somebody else's."""
        ...
