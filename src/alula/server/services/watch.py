"""Watchers of executions, and the way in which news reaches them.

The runner publishes after each commit; watchers hold a subscription. News is a hint and coalesces: a slow watcher sees
the newest phase, not each one. Owns no state of executions: a watcher that must be certain reads the store after it has
subscribed. Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId


class News(msgspec.Struct, frozen=True):
    """Something of the execution changed. `version` rises with each publication in this process."""

    version: int
    phase: ExecutionPhase


class Subscription:
    """One watcher of one execution: an async iterator of `News` that ends when the hub closes."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._news: News | None = None
        self._closed = False

    async def next(self, *, timeout_s: float) -> News | None:
        """The newest news that was not handed out yet; None if there was none in time or the hub closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        news, self._news = self._news, None
        if not self._closed:
            self._changed.clear()
        return news

    @property
    def closed(self) -> bool:
        """True if no news will come any more."""
        return self._closed

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> News:
        while True:
            if news := await self.next(timeout_s=3600):
                return news
            if self._closed:
                raise StopAsyncIteration

    def tell(self, news: News) -> None:
        """Take news from the hub."""
        self._news = news
        self._changed.set()

    def close(self) -> None:
        """Called by the hub."""
        self._closed = True
        self._changed.set()


class Hub:
    """Brings news from the runner to the watchers of this process."""

    def __init__(self) -> None:
        self.version = 0
        self._subscriptions: dict[ExecutionId, list[Subscription]] = {}
        self._closed = False

    def publish(self, execution: ExecutionId, phase: ExecutionPhase) -> None:
        """Say that something of `execution` changed and is durable."""
        self.version += 1
        if watchers := self._subscriptions.get(execution):
            news = News(self.version, phase)
            for subscription in watchers:
                subscription.tell(news)

    @contextmanager
    def watch(self, execution: ExecutionId) -> Generator[Subscription]:
        """Subscribe. Earlier news is not repeated: read the store once inside."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.setdefault(execution, []).append(subscription)
        try:
            yield subscription
        finally:
            watchers = self._subscriptions[execution]
            watchers.remove(subscription)
            if not watchers:
                del self._subscriptions[execution]

    def close(self) -> None:
        """End all subscriptions, now and in future: the platform stops."""
        self._closed = True
        for watchers in self._subscriptions.values():
            for subscription in watchers:
                subscription.close()
