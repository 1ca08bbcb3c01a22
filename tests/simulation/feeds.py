"""Clients that follow executions by the change feed: whenever they began, they know in the end how the rows are."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.feed import Feed

from alula.core.ids import ExecutionId
from alula.server.stores.memory.adapter import MemoryStore

OFTEN = 0.08
"""The share of commits after which a client begins to follow, or one that follows asks what is new."""


class Feeds:
    def __init__(self, store: MemoryStore, violated: Callable[[str], None], seed: int) -> None:
        self._store = store
        self._violated = violated
        self._random = Random(f"feeds-{seed}")
        self._of: dict[ExecutionId, list[Feed]] = {}

    async def committed(self, execution: ExecutionId) -> None:
        followed = self._of.setdefault(execution, [])
        if self._random.random() < OFTEN:
            followed.append(await Feed.read(self._store, execution))
        elif followed and self._random.random() < OFTEN:
            followed[-1] = await followed[-1].brought_up(self._store, execution)

    async def check_end(self) -> None:
        """I18: changes since any number of the log, laid over the rows of then, are the rows of now."""
        for execution, followed in self._of.items():
            now = await Feed.read(self._store, execution)
            for then in followed:
                known = await then.brought_up(self._store, execution)
                if known.shown != now.shown:
                    self._violated(f"I18: {execution}: what changed after {then.seq} does not lead to {now.seq}")
