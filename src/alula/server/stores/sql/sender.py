"""Sends news of executions to other processes on the same PostgreSQL. Runs on the event loop.

The first news is sent at once; what comes meanwhile waits a moment, and news of one execution becomes one. What can't
be sent waits until the database is back.
"""

from __future__ import annotations

import asyncio
import logging

import psycopg
from sqlalchemy import URL

from alula.core.ids import ExecutionId
from alula.server.store.news import News
from alula.server.stores.sql.background import ended
from alula.server.stores.sql.listener import RETRY_S, connected
from alula.server.stores.sql.news import NEWS_CHANNEL, NewsLine

_INTERVAL_S = 0.05
_WAITING_MAX = 10_000
"""Executions whose news waits while the database is away. Of more, the oldest is dropped: it is a hint."""
_log = logging.getLogger(__name__)


class Sender:
    """From `start` to `stop`, sends what is given to `send`."""

    def __init__(self, url: URL, line: NewsLine) -> None:
        self._url = url
        self._line = line
        self._waiting: dict[ExecutionId, News] = {}
        self._has_news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="store-sender")

    async def stop(self) -> None:
        """End. What waits is sent no more."""
        task, self._task = self._task, None
        await ended(task)

    def send(self, news: News) -> None:
        before = self._waiting.pop(news.execution, None)
        self._waiting[news.execution] = news if before is None else news.after(before)
        if len(self._waiting) > _WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._has_news.set()

    async def _run(self) -> None:
        while True:
            try:
                async with await connected(self._url, "alula-news") as connection:
                    await self._serve(connection)
            except psycopg.OperationalError as error:
                _log.warning("news for other processes is delayed: %s", error)
            await asyncio.sleep(RETRY_S)

    async def _serve(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            waiting, self._waiting = self._waiting, {}
            try:
                for note in self._line.notes(waiting.values()):
                    await connection.execute("SELECT pg_notify(%s, %s)", (NEWS_CHANNEL, note))
            except psycopg.OperationalError:
                newer, self._waiting = self._waiting, waiting
                for news in newer.values():
                    self.send(news)
                self._has_news.set()
                raise
            await asyncio.sleep(_INTERVAL_S)
