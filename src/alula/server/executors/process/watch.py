"""Looks at running attempts now and then: at the memory that they have, and at the size of their logs.

An attempt that ended before the first look costs nothing. The loop sleeps while nothing runs. To read how much memory
is a process' own takes the longer the more it has, so such looks are made as seldom as keeps them cheap. Where a limit
on memory is no cgroup's, a cheap look comes first, and often.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from alula.server.executors.process.ending import LOG_LIMIT, OUT_OF_MEMORY
from alula.server.executors.process.memory import Group, charged_bytes
from alula.server.executors.process.own_memory import NO_PAGES, Pages, own_bytes, pages_of, resident_bytes, tree
from alula.server.executors.process.used import Peak

LOOK_S = 0.1
LOG_LOOK_S = 0.25
MEMORY_SHARE = 0.02
"""The part of one CPU that looks at memory may take."""


class Watched(NamedTuple):
    """An attempt to look at."""

    number: int
    pid: int
    log: str
    memory_limit_bytes: int
    """0 for no limit, or one that a cgroup enforces."""
    group: Group | None = None
    server: int = 0
    """The process that it was forked from; 0 for a program."""


class Seen(NamedTuple):
    """The result of one look at an attempt."""

    number: int
    memory_bytes: int | None
    """None if it was not looked at, or is not known."""
    log_bytes: int


class _Attempt:
    """The observations of an attempt so far."""

    def __init__(self, watched: Watched, now: float) -> None:
        self.watched = watched
        self.peak: Peak | None = None
        self.is_over = False
        self._looked_at = now

    def note(self, memory_bytes: int, now: float) -> None:
        gap_ms, self._looked_at = round((now - self._looked_at) * 1000), now
        before = self.peak or Peak(0, "cgroup" if self.watched.group is not None else "smaps", 0, 0)
        value, every_ms = max(before.value, memory_bytes), max(before.every_ms, gap_ms)
        self.peak = Peak(value, before.source, before.looks + 1, every_ms)


class Watch:
    """Calls `over(number, cause, peak)` once for an attempt that exceeds a limit."""

    def __init__(self, over: Callable[[int, str, Peak | None], None], *, log_limit_bytes: int) -> None:
        self._over = over
        self._log_limit_bytes = log_limit_bytes
        self._attempts: dict[int, _Attempt] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._next_logs = 0.0
        self._next_memory = 0.0

    def add(self, watched: Watched) -> None:
        self._attempts[watched.number] = _Attempt(watched, self._loop.time())
        if self._timer is None and self._look is None:
            self._schedule()

    def peak(self, number: int) -> Peak | None:
        """The most memory that was seen of an attempt so far; None if none was."""
        attempt = self._attempts.get(number)
        return attempt.peak if attempt is not None else None

    def discard(self, number: int) -> None:
        self._attempts.pop(number, None)

    def close(self) -> None:
        self._attempts.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._look is not None:
            self._look.cancel()

    def _schedule(self) -> None:
        soon = self._loop.time() + LOOK_S
        limited = any(each.watched.memory_limit_bytes for each in self._attempts.values())
        due = soon if limited else max(soon, min(self._next_logs, self._next_memory))
        self._timer = self._loop.call_at(due, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._attempts:
            self._look = self._loop.create_task(self._look_at([each.watched for each in self._attempts.values()]))

    async def _look_at(self, watched: list[Watched]) -> None:
        now = self._loop.time()
        logs, memory = now >= self._next_logs, now >= self._next_memory
        found, took_s = await asyncio.to_thread(look, watched, memory=memory, logs=logs)
        if logs:
            self._next_logs = now + LOG_LOOK_S
        if memory:
            self._next_memory = now + took_s / MEMORY_SHARE
        for seen in found:
            self._note(seen, now)
        self._look = None
        if self._attempts:
            self._schedule()

    def _note(self, seen: Seen, now: float) -> None:
        attempt = self._attempts.get(seen.number)
        if attempt is None or attempt.is_over:
            return
        limit = attempt.watched.memory_limit_bytes
        if seen.memory_bytes is not None:
            attempt.note(seen.memory_bytes, now)
        if limit and (seen.memory_bytes or 0) > limit:
            self._exceeds(attempt, OUT_OF_MEMORY)
        elif seen.log_bytes > self._log_limit_bytes:
            self._exceeds(attempt, LOG_LIMIT)

    def _exceeds(self, attempt: _Attempt, cause: str) -> None:
        attempt.is_over = True
        self._over(attempt.watched.number, cause, attempt.peak)


def look(watched: list[Watched], *, memory: bool, logs: bool) -> tuple[list[Seen], float]:
    """The memory and log size of each attempt now, and the CPU seconds that it took to find out. Without `memory`,
    memory is read only of attempts that may be over their limit."""
    began, servers = time.thread_time(), dict[int, Pages]()
    seen = [
        Seen(
            each.number,
            memory_bytes(each, servers) if memory or _may_be_over(each) else None,
            log_size_bytes(each.log) if logs else 0,
        )
        for each in watched
    ]
    return seen, time.thread_time() - began


def memory_bytes(watched: Watched, servers: dict[int, Pages]) -> int | None:
    """The bytes that the processes of an attempt have of their own together; None if they are gone. `servers` are the
    fork servers read already."""
    if watched.group is not None:
        return charged_bytes(watched.group)
    if watched.server not in servers:
        servers[watched.server] = (pages_of(watched.server) if watched.server else None) or NO_PAGES
    processes = [pages for pid in tree(watched.pid) if (pages := pages_of(pid)) is not None]
    return own_bytes(processes, servers[watched.server]) if processes else None


def _may_be_over(watched: Watched) -> bool:
    limit = watched.memory_limit_bytes
    return limit > 0 and resident_bytes(tree(watched.pid)) > limit


def log_size_bytes(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
