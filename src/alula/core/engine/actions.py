"""The requests of the engine to its shell, in the imperative. Each carries the ids that make a repeat harmless.

The shell carries them out after the events that led to them are durable. After a crash it asks
`outstanding(state)` and does what that says again.
"""

from __future__ import annotations

import msgspec

from alula.core.engine.events import TimerKind
from alula.core.errors import TaskError
from alula.core.ids import EntityId
from alula.core.policy.cache_key import CacheKey


class StartAttempt(msgspec.Struct, frozen=True):
    """Run one attempt of a task."""

    scope: int
    node: int
    attempt: int
    node_id: str
    """Unique in the execution (`n0`, `n1-0-n0`)."""
    index: int
    """Item of an array node, -1 elsewhere."""
    inputs: bytes
    """Serialized `core.LiteralMap`; of an array item, the inputs of the whole array."""
    interruptible: bool = False
    out_of_memory: int = 0
    """The number of attempts before it that ran out of memory, see `policy/memory_growth.py`."""
    checkpoint: str = ""
    """The URI of a checkpoint of an earlier execution that this attempt goes on from; empty for its own."""
    overrides: bytes = b""
    """Changes of the task beyond those of its node, a serialized `core.TaskNodeOverrides`."""
    executor: str = ""
    """The executor that has it already, as told by that executor; empty if none is known."""
    handle: bytes = b""
    """The key by which that executor finds it again: then it must not begin another."""


class CancelAttempt(msgspec.Struct, frozen=True):
    """Make sure that an attempt does not run any more; nothing is reported back for it."""

    scope: int
    node: int
    attempt: int
    node_id: str
    index: int
    executor: str = ""
    """As in `StartAttempt`."""
    handle: bytes = b""


class LookUpCache(msgspec.Struct, frozen=True):
    """Answer with `CacheHit` or `CacheMissed`, or with `CacheAwaited` where another node has reserved the result."""

    scope: int
    node: int
    key: CacheKey
    holder: str = ""
    """The node that wants it reserved, `project/domain/execution/node`; empty for none."""
    wait: bool = False
    """Reserve nothing yet: answer when there is a result, or when no other node computes it any more."""


class LoadValue(msgspec.Struct, frozen=True):
    """Read a value that was put aside. Answer with `ValueLoaded`, the value given to the state before."""

    uri: str


class SetTimer(msgspec.Struct, frozen=True):
    """Answer with `TimerFired` when its time is over; a timer whose reason is gone is ignored.

    Times are those of the log, see `server/runner/timers.py` for their relation to clocks.
    """

    scope: int
    node: int
    attempt: int
    kind: TimerKind
    at: int
    """The time at which it is due (microseconds since the epoch), which `TimerFired` names."""
    after: int
    """The time from its first setting until it is due (microseconds)."""


class LaunchChild(msgspec.Struct, frozen=True):
    """Start an execution of a launch plan under this name, unless it exists. Answer with `ChildEnded` when it ends."""

    scope: int
    node: int
    node_id: str
    child: str
    launch_plan: EntityId
    inputs: bytes
    recovers: str = ""
    """The name of an execution whose results the child takes over where it can; empty for none."""


class AbortChild(msgspec.Struct, frozen=True):
    """Abort an execution that `LaunchChild` started, unless it has ended; nothing is reported back for it."""

    child: str
    cause: str


class Finish(msgspec.Struct, frozen=True):
    """The execution reached its end: let go of it."""

    error: TaskError | None


Action = StartAttempt | CancelAttempt | LookUpCache | LoadValue | SetTimer | LaunchChild | AbortChild | Finish
