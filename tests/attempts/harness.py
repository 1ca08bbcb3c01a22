"""Runs attempts on an executor and collects what it reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from alula.server.executor import AttemptSpec, AttemptUpdate, Executor

END_TIMEOUT_S = 30


class Harness:
    """An executor that is running, and every update that it gave."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.updates: list[AttemptUpdate] = []
        self._changed = asyncio.Event()

    def sink(self, update: AttemptUpdate) -> None:
        self.updates.append(update)
        self._changed.set()

    async def until(self, condition: Callable[[], object], *, timeout_s: float = END_TIMEOUT_S) -> None:
        """Wait for updates until the condition holds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, spec: AttemptSpec, phase: str | None = None) -> list[AttemptUpdate]:
        return [each for each in self.updates if each.id == spec.id and phase in (None, each.phase)]

    def ends_of(self, spec: AttemptSpec) -> list[AttemptUpdate]:
        return [each for each in self.of(spec) if each.phase in ("SUCCEEDED", "FAILED")]

    def has_ended(self, spec: AttemptSpec) -> bool:
        return bool(self.ends_of(spec))

    def end_of(self, spec: AttemptSpec) -> AttemptUpdate:
        """The last end that was reported."""
        ends = self.ends_of(spec)
        assert ends, f"{spec.id} has not ended"
        return ends[-1]

    async def run(self, spec: AttemptSpec) -> AttemptUpdate:
        self.executor.submit(spec)
        await self.until(lambda: self.has_ended(spec))
        return self.end_of(spec)


def eventually(condition: Callable[[], object], *, timeout_s: float = 10.0, every_s: float = 0.005) -> None:
    """Poll until the condition holds; for what no update tells (other processes)."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "the condition did not come true in time"
        time.sleep(every_s)
