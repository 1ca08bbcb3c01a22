"""Watchers of executions, and the way in which news reaches them.

The store tells of each commit, here and in other processes; watchers hold a subscription. News is a hint and coalesces:
a slow watcher hears of the newest phase, and of all nodes that have changed since. Owns no state of executions: a
watcher that must be certain reads the store after it has subscribed. Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress

from alula.core.ids import ExecutionId, Place
from alula.server.store.news import News

NAMES_MAX = 1_000
"""Executions that a watcher of a domain is told by name."""


class _Watcher:
    """The waiting for news."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """True if no news will come any more."""
        return self._closed

    def close(self) -> None:
        """Called by the hub."""
        self._closed = True
        self._changed.set()

    async def wait(self, *, timeout_s: float) -> bool:
        """Wait until there is something new, or the hub closes. False if there was nothing in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                return await self._changed.wait()
        return False

    def _taken(self) -> None:
        if not self._closed:
            self._changed.clear()


class Subscription(_Watcher):
    """One watcher of one execution: an async iterator of `News` that ends when the hub closes."""

    def __init__(self, execution: ExecutionId) -> None:
        super().__init__()
        self._execution = execution
        self._news: News | None = None

    async def next(self, *, timeout_s: float) -> News | None:
        """All news that was not handed out yet, as one; None if there was none in time or the hub closed."""
        await self.wait(timeout_s=timeout_s)
        news, self._news = self._news, None
        self._taken()
        return news

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
        self._news = news if self._news is None else news.after(self._news)
        self._changed.set()

    def miss(self) -> None:
        """Called by the hub where news may have been lost: anything may have changed."""
        self.tell(News(self._execution, seq=0, nodes=None))


class PlaceSubscription(_Watcher):
    """One watcher of all executions of a domain. It hears which have changed, and reads how they are."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, None] = {}
        self._missed = False

    def take(self) -> tuple[list[str], bool]:
        """The names of those that have changed since the last call; True if others may have."""
        names, self._names = list(self._names), {}
        missed, self._missed = self._missed, False
        self._taken()
        return names, missed

    def tell(self, news: News) -> None:
        """Take news from the hub."""
        self._names[news.execution.name] = None
        if len(self._names) > NAMES_MAX:
            self.miss()
        self._changed.set()

    def miss(self) -> None:
        """Called by the hub where news may have been lost."""
        self._names.clear()
        self._missed = True
        self._changed.set()


class Hub:
    """Brings news from the store to the watchers of this process."""

    def __init__(self) -> None:
        self._subscriptions: dict[ExecutionId | Place, list[Subscription | PlaceSubscription]] = {}
        self._closed = False

    def publish(self, news: News) -> None:
        """Tell what the store has told."""
        for watched in (news.execution, news.execution.place):
            for subscription in self._subscriptions.get(watched, ()):
                subscription.tell(news)

    def miss(self) -> None:
        """Tell all watchers that they may have missed news."""
        for subscription in self._all():
            subscription.miss()

    @contextmanager
    def watch(self, execution: ExecutionId) -> Generator[Subscription]:
        """Subscribe. Earlier news is not repeated: read the store once inside."""
        subscription = Subscription(execution)
        with self._subscribed(execution, subscription):
            yield subscription

    @contextmanager
    def watch_place(self, place: Place) -> Generator[PlaceSubscription]:
        """The same for all executions of a domain."""
        subscription = PlaceSubscription()
        with self._subscribed(place, subscription):
            yield subscription

    def close(self) -> None:
        """End all subscriptions, now and in future: the platform stops."""
        self._closed = True
        for subscription in self._all():
            subscription.close()

    @contextmanager
    def _subscribed(
        self, watched: ExecutionId | Place, subscription: Subscription | PlaceSubscription
    ) -> Generator[None]:
        if self._closed:
            subscription.close()
        self._subscriptions.setdefault(watched, []).append(subscription)
        try:
            yield
        finally:
            watchers = self._subscriptions[watched]
            watchers.remove(subscription)
            if not watchers:
                del self._subscriptions[watched]

    def _all(self) -> Iterable[Subscription | PlaceSubscription]:
        return [subscription for watchers in self._subscriptions.values() for subscription in watchers]
