"""Timers of all open executions, in one heap behind one handle of the event loop; and the time of an execution.

Two clocks. The wall clock dates events, for people and across restarts; it may be wrong and may jump.
The monotonic clock tells how much time passes while this process lives. It can't be read after a restart.

* An event has the time at which it was taken into the log (`Owned`), by the wall clock, and never earlier than the
  event before it: after a jump back the time of a log stands still until the wall clock has caught up. The time by the
  executor's clock at which an attempt began or ended stands beside that and is shown; nothing is decided by it.
* A deadline in the state of an execution is the time of an event and a duration. So a log folds to the same state
  everywhere.
* While the process lives only the duration counts, by the monotonic clock, from the step that asked for it. The wall
  clock may jump as it likes. A timer that is asked for again, as its execution was read again, keeps its time.
* An execution that is taken over has left of a timer what the wall clock says, but never more than its whole duration:
  a clock that is behind, or was ahead when the deadline was set, delays nothing for long. A clock that is ahead lets it
  end too soon, and an attempt that was in flight is given time to be started again, or to be found at its end.
* A timer that fires names the deadline that has come, whatever the wall clock says.

Nothing is kept for good: timers follow from the state of an execution, and are set again after a restart.
A timer whose reason has gone fires all the same; the engine ignores it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import TypeAlias

import msgspec

from alula.core.engine.actions import Action, SetTimer, StartAttempt
from alula.core.ids import ExecutionId

Fire = Callable[[ExecutionId, SetTimer], None]
RESTART_GRACE_US = 30_000_000
"""The time for an attempt to be started again after a restart, or to be found at its end, however long ago its own time
ran out."""
_Key: TypeAlias = tuple[int, int, int, str, int]


class Timers:
    def __init__(self, fire: Fire) -> None:
        self._fire = fire
        self._heap: list[tuple[float, int, ExecutionId, SetTimer]] = []
        self._order = count()
        self._until: dict[ExecutionId, dict[_Key, float]] = {}
        """The time of each timer, by the event loop's clock. A timer in the heap and not here does not count."""
        self._handle: asyncio.TimerHandle | None = None

    def set(self, execution: ExecutionId, timer: SetTimer, *, again: bool = False) -> None:
        """`again`: the execution was read, and may have had the timer before."""
        until = self._until.setdefault(execution, {})
        if again and _key(timer) in until:
            return
        at = until[_key(timer)] = asyncio.get_running_loop().time() + timer.after / 1_000_000
        heapq.heappush(self._heap, (at, next(self._order), execution, timer))
        if self._heap[0][3] is timer:
            self._arm()

    def forget(self, execution: ExecutionId) -> None:
        """Forget an execution that has ended, or is another runner's. Should it come back, its timers are set anew."""
        self._until.pop(execution, None)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._heap:
            self._handle = asyncio.get_running_loop().call_at(self._heap[0][0], self._run)

    def _run(self) -> None:
        self._handle = None
        now = asyncio.get_running_loop().time()
        while self._heap and self._heap[0][0] <= now:
            at, _, execution, timer = heapq.heappop(self._heap)
            until = self._until.get(execution, {})
            if until.get(_key(timer)) == at:
                del until[_key(timer)]
                self._fire(execution, timer)
        self._arm()


def taken_over(actions: Sequence[Action], now: int) -> list[Action]:
    """The outstanding actions of an execution that was taken over, its timers with what is left of their time.

    An attempt that ran has its time anew when it is started again, so its old deadline leaves time for that. One that
    ended meanwhile has left its result, which counts although the time of its node is over by now.
    """
    starts = {(action.scope, action.node) for action in actions if isinstance(action, StartAttempt)}

    def left(timer: SetTimer) -> int:
        in_flight = (timer.scope, timer.node) in starts
        return max(min(timer.at - now, timer.after), RESTART_GRACE_US if in_flight else 0)

    return [
        msgspec.structs.replace(action, after=left(action)) if isinstance(action, SetTimer) else action
        for action in actions
    ]


def _key(timer: SetTimer) -> _Key:
    attempt = 0 if timer.kind == "queue_timeout" else timer.attempt  # that one is the same for all attempts of a node
    return timer.scope, timer.node, attempt, timer.kind, timer.at
