"""Telling that an execution was created or has mail."""

from __future__ import annotations

import asyncio

from alula.core.ids import ExecutionId
from alula.server.store import WakeUp


class WakeUps:
    def __init__(self) -> None:
        self._callbacks: list[WakeUp] = []

    def add(self, callback: WakeUp) -> None:
        self._callbacks.append(callback)

    def wake(self, execution: ExecutionId) -> None:
        if self._callbacks:
            loop = asyncio.get_running_loop()
            for callback in self._callbacks:
                loop.call_soon(callback, execution)
