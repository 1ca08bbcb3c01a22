"""The history of an execution: the records of its log, in the past tense, each with its time.

The log is the truth: the state of an execution is the fold of these. They are written by the engine's shell only,
numbered without gaps, and read back for ever, so a field is only ever added at the end, with a default. Times are
microseconds since the epoch; `at` is the time at which the event was taken into the log, and deadlines are counted from
it. `scope` and `node` are the engine's own numbers: scopes count from 0 (the workflow itself) in the order in which
they open, nodes by their place in the scope.
"""

from __future__ import annotations

from typing import Literal, final

import msgspec

from alula.core.engine.attempt_info import AttemptInfo, LogLink, ProgressPhase
from alula.core.engine.usage import Usage
from alula.core.errors import TaskError
from alula.core.ids import EntityId
from alula.core.literals.offloading import OffloadRule
from alula.core.policy.queueing import Queueing
from alula.core.policy.routing import Wanted

TimerKind = Literal["retry", "timeout", "queue_timeout", "sleep"]


class Created(msgspec.Struct, frozen=True, array_like=True, tag="created"):
    """An execution was accepted. Always number 0 of its log."""

    at: int
    workflow: EntityId
    inputs: bytes
    """The resolved inputs, a serialized `core.LiteralMap`."""
    max_parallelism: int = 0
    """Attempts that may run at once, 0 for no limit."""
    interruptible: bool | None = None
    overwrite_cache: bool = False
    system_retries: int = 3
    execution: str = "local/local/local"
    """`project/domain/name`: how the outside refers to what this execution made."""
    recovery_uri: str = ""
    """The object with all that it takes over from an earlier execution, a `recovery.Recovery`; empty for nothing."""
    offload: OffloadRule | None = None
    """The rule by which large values are put aside; None if none are."""
    memory_growth: float = 1.0
    """The factor by which memory grows for an attempt after one that ran out of it, if its task does not say."""
    queueing: Queueing | None = None
    """The budgets for the wait of its attempts; None if it does not matter."""
    incarnation: str = ""
    """A mark that tells it from others that have or had its name: part of where its results are. Empty in old logs."""
    echoes: bool = False
    """True if the engine runs echo tasks itself. Logs that do not say so have attempts of them."""
    wishes: tuple[Wanted, ...] = ()
    """The executors that the settings of its project want for types of tasks."""


class Claimed(msgspec.Struct, frozen=True, array_like=True, tag="claimed"):
    """A runner took the execution over. Its owner before finds its next number taken, and steps down."""

    at: int
    runner: str


class AttemptWaits(msgspec.Struct, frozen=True, array_like=True, tag="waits"):
    """An executor has an attempt and can't begin to run it yet. In old logs; now it is `AttemptProgressed`."""

    at: int
    scope: int
    node: int
    attempt: int
    why: str


class AttemptStarted(msgspec.Struct, frozen=True, array_like=True, tag="started"):
    """An executor began to run an attempt (its process or pod is up). In old logs; now it is `AttemptProgressed`."""

    at: int
    scope: int
    node: int
    attempt: int
    where: str = ""
    """The environment, interpreter or pod that runs it, and why there. Shown by `describe`."""
    happened_at: int = 0
    """The time of it by the executor's clock; 0 for `at`."""


class AttemptProgressed(msgspec.Struct, frozen=True, array_like=True, tag="progressed"):
    """An executor told all that it knows of an attempt that has not ended. Empty fields are as before."""

    at: int
    scope: int
    node: int
    attempt: int
    phase: ProgressPhase
    why: str = ""
    """The reason that it waits; or if it runs, what runs it and why there. Shown by `describe`."""
    executor: str = ""
    """The one of several executors that has it."""
    handle: bytes = b""
    """The key by which its executor finds it again, if the attempt's own name is not enough."""
    logs: tuple[LogLink, ...] | None = None
    info: AttemptInfo | None = None
    happened_at: int = 0
    """The time at which `phase` began, by the executor's clock; 0 for `at`."""


class AttemptSucceeded(msgspec.Struct, frozen=True, array_like=True, tag="succeeded"):
    at: int
    scope: int
    node: int
    attempt: int
    outputs: bytes
    """A serialized `core.LiteralMap`."""
    deck_uri: str = ""
    happened_at: int = 0
    """The time of it by the executor's clock; 0 for `at`."""
    usage: Usage | None = None


class GraphReturned(msgspec.Struct, frozen=True, array_like=True, tag="graph"):
    """An attempt of a dynamic task succeeded with a graph to run instead of outputs."""

    at: int
    scope: int
    node: int
    attempt: int
    closure_uri: str
    """The compiled graph, an immutable object. Its plan must be among `Execution.graphs` before this is applied."""
    deck_uri: str = ""
    happened_at: int = 0
    """The time of it by the executor's clock; 0 for `at`."""
    usage: Usage | None = None


class AttemptFailed(msgspec.Struct, frozen=True, array_like=True, tag="failed"):
    at: int
    scope: int
    node: int
    attempt: int
    error: TaskError
    deck_uri: str = ""
    happened_at: int = 0
    """The time of it by the executor's clock; 0 for `at`."""
    usage: Usage | None = None


class CacheHit(msgspec.Struct, frozen=True, array_like=True, tag="hit"):
    at: int
    scope: int
    node: int
    outputs: bytes
    source: str
    """The attempt that made the entry, as `project/domain/execution/node/attempt`."""


class CacheMissed(msgspec.Struct, frozen=True, array_like=True, tag="missed"):
    at: int
    scope: int
    node: int
    failed: bool = False
    """The catalog could not answer: the node runs all the same."""
    why: str = ""
    """The differences from the nearest run that is in the catalog; empty if none is near."""
    nearest: str = ""
    """The attempt that made that one, as `CacheHit.source`."""
    reserved: bool = False
    """The result is reserved for this node: others that want the same wait for it. Where the catalog could not answer,
    it may be."""


class CacheAwaited(msgspec.Struct, frozen=True, array_like=True, tag="awaited"):
    """Another node computes the same: this one waits for its result or, should that not come, for its own turn."""

    at: int
    scope: int
    node: int
    holder: str
    """`project/domain/execution/node`"""


class TimerFired(msgspec.Struct, frozen=True, array_like=True, tag="timer"):
    at: int
    scope: int
    node: int
    attempt: int
    kind: TimerKind
    due_at: int = 0
    """The deadline that has come; 0 for `at`. A clock that is behind may say that it is earlier."""
    deck_uri: str = ""
    """The deck of the attempt that ends by this clock."""
    usage: Usage | None = None
    """The usage of the attempt that ends by this clock."""

    @property
    def deadline(self) -> int:
        return self.due_at or self.at


@final
class SignalSet(msgspec.Struct, frozen=True, array_like=True, tag="signal"):
    """Somebody answered a gate: every gate of the execution that waits for this signal."""

    at: int
    signal_id: str
    value: bytes
    """A serialized `core.Literal`."""
    principal: str = ""


@final
class ChildEnded(msgspec.Struct, frozen=True, array_like=True, tag="child"):
    """An execution that a launch plan node started came to its end."""

    at: int
    child: str
    """Its name; it is in the project and domain of its parent."""
    outputs: bytes = b""
    error: TaskError | None = None
    """The reason that it did not succeed: its own error, or that it was aborted."""


class AbortRequested(msgspec.Struct, frozen=True, array_like=True, tag="abort"):
    at: int
    cause: str
    principal: str


class PlatformFailed(msgspec.Struct, frozen=True, array_like=True, tag="incident"):
    """The platform met an error of its own in this execution, and could not go on with it."""

    at: int
    error: TaskError
    """Names the incident."""


class ValueLoaded(msgspec.Struct, frozen=True, array_like=True, tag="loaded"):
    """A value that was put aside is there for nodes to look into, or can't be had."""

    at: int
    uri: str
    error: TaskError | None = None


NodeEvent = (
    AttemptWaits
    | AttemptStarted
    | AttemptProgressed
    | AttemptSucceeded
    | GraphReturned
    | AttemptFailed
    | CacheHit
    | CacheMissed
    | CacheAwaited
    | TimerFired
    | SignalSet
    | ChildEnded
)
"""Facts about nodes; the others are about the execution as a whole."""

Event = Created | Claimed | AbortRequested | PlatformFailed | ValueLoaded | NodeEvent

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Event)


def encode(event: Event) -> bytes:
    """One record of a log as bytes (msgpack)."""
    return _encoder.encode(event)


def decode(record: bytes) -> Event:
    """The event of a record that `encode` made, by this version of Alula or an older one."""
    return _decoder.decode(record)
