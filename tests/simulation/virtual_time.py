"""An event loop whose time is virtual: when nothing is ready it jumps to the next timer. No threads, no waiting.

Work that asks for a thread is done at once instead, so that one seed has one order of events.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlock(Exception):
    """Nothing is ready and no timer is set: nothing will ever happen again."""


class _Selector(selectors.SelectSelector):
    """Never waits: what it is asked to wait for is time that passes at once."""

    passed: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        if timeout > 0:
            self.passed(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at time 0, in seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        selector = _Selector()
        selector.passed = self._pass
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def _pass(self, seconds: float) -> None:
        self._now += seconds

    # `Any`: as asyncio has it.
    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  (handed on)
            future.set_exception(error)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time; what it leaves running is cancelled."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(main)
        finally:
            _cancel(loop, asyncio.all_tasks(loop))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _cancel(loop: VirtualLoop, tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(Deadlock):  # of a world that has broken, some do not heed it
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
