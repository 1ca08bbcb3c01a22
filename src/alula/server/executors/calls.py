"""Patience with a server: limits on the calls under way, and back-off that all calls share.

A call is made again as long as its failure may pass: the server is away, overloaded or in trouble. While it is, nobody
knocks more often than one back-off for all allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from alula.server.executors.back_off import back_off_s

BACK_OFF_MAX_S = 30.0
_Answer = TypeVar("_Answer")


class CallFailed(Exception):
    """A server did not take a call, or did not answer it."""

    retry_after_s = 0.0
    """The time that the server wants to be left alone."""

    @property
    def passes(self) -> bool:
        """True if the same may work later."""
        return True


class Calls:
    """The calls of one server. `name` is what people know it by."""

    def __init__(self, limit: int, name: str) -> None:
        self._name = name
        self._slots = asyncio.Semaphore(limit)
        self._failures = 0
        """How often in a row the server has failed, after the back-off of the time before."""
        self._open_at = 0.0
        """The time, of the event loop, before which no call is made."""
        self.made = self.failed = 0

    async def patiently(
        self, call: Callable[[], Awaitable[_Answer]], *, troubled: Callable[[str], None] | None = None
    ) -> _Answer:
        """The answer to a call that may be made again. `troubled` is told why it is not answered yet.

        Raises `CallFailed` for a refusal that stays.
        """
        while True:
            try:
                return await self.once(call)
            except CallFailed as error:
                if not error.passes:
                    raise
                if troubled is not None:
                    troubled(f"{self._name} does not take requests now: {error}")

    async def once(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer to one try, when its turn comes. Raises `CallFailed`."""
        async with self._slots:
            await self._back_off()
            began, self.made = asyncio.get_running_loop().time(), self.made + 1
            try:
                answer = await call()
            except CallFailed as error:
                if error.passes:
                    self._fails(began, error.retry_after_s)
                else:
                    self._failures = 0
                raise
            self._failures = 0
            return answer

    async def _back_off(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._open_at - loop.time()) > 0:
            await asyncio.sleep(left)

    def _fails(self, began: float, retry_after_s: float) -> None:
        """Wait longer before the next call. Calls that were under way together count as one failure."""
        self.failed += 1
        if began < self._open_at:
            return
        self._failures += 1
        delay = max(retry_after_s, back_off_s(self._failures, BACK_OFF_MAX_S))
        self._open_at = asyncio.get_running_loop().time() + delay
