"""A store that nobody reaches for a while, as when its database is restarted, or a network is cut."""

from __future__ import annotations

import asyncio
from typing import Any

AWAY_S = 60.0
"""How long, at most: twice the lease of a runner."""


class Outage:
    """That of one world, for all that lives in it."""

    def __init__(self) -> None:
        self._until_s = 0.0

    # `Any`: a world, or a part of one with random numbers of its own.
    def is_on(self, world: Any) -> bool:
        """Whether a call finds nobody. Each may be the one with which it begins."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._until_s and world.hit("store_away"):
            self._until_s = now_s + world.random.uniform(0, AWAY_S)
            world.note("the store can't be reached")
        return now_s < self._until_s
