"""The records of nodes in flight, one type a machine.

A node that is waiting or has ended has none.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from alula.core.engine.events import AttemptProgressed
from alula.core.engine.records import CacheStatus
from alula.core.policy.cache_key import CacheKey
from alula.core.policy.retries import Spent

Stage: TypeAlias = Literal["LOOKING_UP", "BLOCKED", "SUBMITTED", "RUNNING", "BACKING_OFF", "RESERVING", "AWAITING"]
"""The stage of a task node in flight. See `machines/task.py`."""
IN_FLIGHT: tuple[Stage, ...] = ("SUBMITTED", "RUNNING")
"""Stages of a task in which an executor has its attempt."""


class TaskCell(msgspec.Struct):
    """A task node (or an array item) in flight."""

    stage: Stage
    inputs: bytes
    queued_at: int
    attempt: int = 0
    spent: Spent = msgspec.field(default_factory=Spent)
    started_at: int = -1
    """The time at which its first attempt began, -1 before."""
    due_at: int = 0
    """The time at which the timer of its stage fires: the back-off's end, or the attempt's deadline."""
    key: CacheKey | None = None
    cache_status: CacheStatus = CacheStatus.DISABLED
    reserved: bool = False
    """True if others that want the same wait for it."""
    progress: AttemptProgressed | None = None
    """All that the executor has told of its attempt, see `progress.py`."""

    @property
    def executor(self) -> str:
        """The executor that has its attempt; empty as long as none has said so."""
        return self.progress.executor if self.progress is not None else ""

    @property
    def handle(self) -> bytes:
        """The key by which that executor finds the attempt again."""
        return self.progress.handle if self.progress is not None else b""

    @property
    def waits_for_place(self) -> bool:
        return self.stage == "BLOCKED"


class ScopeCell(msgspec.Struct):
    """A node that waits for a scope of its own to end: a sub-workflow, an array, a branch, a dynamic task's graph."""

    scope: int
    task: TaskCell | None = None
    """The state of a dynamic task from when it gave its graph."""
    due_at: int = 0
    """The time at which the node times out, 0 for never. That of a dynamic task follows from `task`."""

    @property
    def waits_for_place(self) -> bool:
        return False


class GateCell(msgspec.Struct):
    """A gate that waits for an answer or for time to pass."""

    inputs: bytes
    due_at: int
    """The time at which it opens by itself, or gives up waiting; 0 for never."""

    @property
    def waits_for_place(self) -> bool:
        return False


class ChildCell(msgspec.Struct):
    """A launch plan node: its child execution runs, or waits for a place to."""

    child: str
    inputs: bytes
    launched: bool = False
    due_at: int = 0
    """The time at which the node times out, 0 for never."""

    @property
    def waits_for_place(self) -> bool:
        return not self.launched


Cell: TypeAlias = TaskCell | ScopeCell | GateCell | ChildCell
