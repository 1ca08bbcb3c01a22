"""Looking for what other processes have done, where no connection can listen for notes: behind a pooler that gives each
transaction another one. Runs on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from alula.core.errors import AlulaError
from alula.server.stores.sql.background import ended

INTERVAL_S = 1.0
_log = logging.getLogger(__name__)


class Looking:
    """From `start` to `stop`, calls `make_good` again and again."""

    def __init__(self, make_good: Callable[[], Awaitable[None]]) -> None:
        self._make_good = make_good
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="store-looking")

    async def stop(self) -> None:
        task, self._task = self._task, None
        await ended(task)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self._make_good()
            except AlulaError as error:
                _log.warning("what other processes do is seen later: %s", error)
