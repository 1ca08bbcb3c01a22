"""Timers of all open executions, in one heap behind one handle of the event loop.

Nothing is kept for good: what must fire follows from the state of an execution, and is set again after a restart.
A timer whose reason has gone fires all the same; the engine ignores it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from itertools import count

import msgspec

from alula.core.engine.actions import Action, SetTimer, StartAttempt
from alula.core.ids import ExecutionId

Fire = Callable[[ExecutionId, SetTimer], None]
RESTART_GRACE_US = 30_000_000
"""How long an attempt has to be started again after a restart, however long ago its time ran out."""


class Timers:
    def __init__(self, clock: Callable[[], int], fire: Fire) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[int, int, ExecutionId, SetTimer]] = []
        self._order = count()
        self._handle: asyncio.TimerHandle | None = None

    def set(self, execution: ExecutionId, timer: SetTimer) -> None:
        heapq.heappush(self._heap, (timer.at, next(self._order), execution, timer))
        if self._heap[0][3] is timer:
            self._arm()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._heap:
            delay_s = max(0.0, (self._heap[0][0] - self._clock()) / 1_000_000)
            self._handle = asyncio.get_running_loop().call_later(delay_s, self._run)

    def _run(self) -> None:
        self._handle = None
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            _, _, execution, timer = heapq.heappop(self._heap)
            self._fire(execution, timer)
        self._arm()


def with_time_to_start(actions: Sequence[Action], now: int) -> list[Action]:
    """What an execution that was taken over waits for. An attempt that ran has its time anew when it is started again,
    so its old deadline leaves time for that."""
    starts = {(action.scope, action.node) for action in actions if isinstance(action, StartAttempt)}
    return [
        msgspec.structs.replace(action, at=max(action.at, now + RESTART_GRACE_US))
        if isinstance(action, SetTimer) and action.kind == "timeout" and (action.scope, action.node) in starts
        else action
        for action in actions
    ]
