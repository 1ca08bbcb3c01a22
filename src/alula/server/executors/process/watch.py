"""Looks at running attempts now and then: memory where no cgroup limits it, and the size of logs.

An attempt that ended before the first look costs nothing. The loop sleeps while nothing runs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import NamedTuple

from alula.server.executors.process.ending import LOG_LIMIT, OUT_OF_MEMORY
from alula.server.executors.process.memory import SAMPLE_S, resident_bytes

LOG_LOOK_S = 0.25


class Watched(NamedTuple):
    """What to look at for one attempt."""

    number: int
    pid: int
    log: str
    memory_limit_bytes: int
    """0 for no limit, or one that a cgroup enforces."""


class Watch:
    """Calls `over(number, cause, resident_bytes)` once for an attempt that exceeds a limit."""

    def __init__(self, over: Callable[[int, str, int], None], *, log_limit_bytes: int) -> None:
        self._over = over
        self._log_limit_bytes = log_limit_bytes
        self._watched: dict[int, Watched] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._next_logs = 0.0

    def add(self, watched: Watched) -> None:
        self._watched[watched.number] = watched
        if self._timer is None and self._look is None:
            self._schedule()

    def discard(self, number: int) -> None:
        self._watched.pop(number, None)

    def close(self) -> None:
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._look is not None:
            self._look.cancel()

    def _schedule(self) -> None:
        limited = any(each.memory_limit_bytes for each in self._watched.values())
        self._timer = self._loop.call_later(SAMPLE_S if limited else LOG_LOOK_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._watched:
            self._look = self._loop.create_task(self._look_at(list(self._watched.values())))

    async def _look_at(self, watched: list[Watched]) -> None:
        logs_too = self._loop.time() >= self._next_logs
        if logs_too:
            self._next_logs = self._loop.time() + LOG_LOOK_S
        found = await asyncio.to_thread(excesses, watched, self._log_limit_bytes if logs_too else None)
        for number, cause, size in found:
            if number in self._watched:
                del self._watched[number]
                self._over(number, cause, size)
        self._look = None
        if self._watched:
            self._schedule()


def excesses(watched: list[Watched], log_limit_bytes: int | None) -> list[tuple[int, str, int]]:
    """Who is over which limit, with the bytes found."""
    found: list[tuple[int, str, int]] = []
    for each in watched:
        if each.memory_limit_bytes:
            resident = resident_bytes(each.pid, limit_bytes=each.memory_limit_bytes)
            if resident > each.memory_limit_bytes:
                found.append((each.number, OUT_OF_MEMORY, resident))
                continue
        if log_limit_bytes is not None:
            size = log_size_bytes(each.log)
            if size > log_limit_bytes:
                found.append((each.number, LOG_LIMIT, size))
    return found


def log_size_bytes(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
