"""One execution that this runner owns: its state, the next number of its log, and all that waits to be committed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Iterable, Sequence

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.engine.actions import Action, CancelAttempt, SetTimer, StartAttempt
from alula.core.engine.events import (
    AttemptFailed,
    AttemptSucceeded,
    Claimed,
    Event,
    GraphReturned,
    ValueLoaded,
    decode,
    encode,
)
from alula.core.engine.records import Changes, ExecutionPhase, Released
from alula.core.engine.state import Execution
from alula.core.engine.step import offer
from alula.core.ids import AttemptId
from alula.core.literals.offloading import Aside
from alula.server.executor import AttemptSpec
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit

_ENDS = (AttemptSucceeded, AttemptFailed, GraphReturned)


class Owned:
    """The steps that go into the next commit. Gives out no action before it is committed: see `committed`."""

    __slots__ = (
        "_actions",
        "_changes",
        "_consumed",
        "_ends",
        "_events",
        "_kept",
        "_last_at",
        "_next_seq",
        "_reported",
        "_timers",
        "attempts",
        "claim",
        "claimed_above",
        "is_dropped",
        "is_held",
        "like",
        "record",
        "spec",
        "state",
        "whole",
    )

    def __init__(self, record: ExecutionRecord, state: Execution, log: Sequence[Event]) -> None:
        self.record = record
        self.spec = execution_pb2.ExecutionSpec.FromString(record.spec)
        self.state = state
        self.claim = len(log)
        """The number of the event by which it is claimed: greater with each owner, as each finds the claims before."""
        self.claimed_above = 0
        """The greatest claim that an executor knows of its attempts, if that is above its own."""
        self.is_dropped = False
        """True if the runner goes on without this reading of the execution: nothing that it asked for is done."""
        self.is_held = False
        """True if it takes nothing in, because objects are written that its next commit refers to."""
        self.attempts: dict[AttemptId, tuple[int, int]] = {}
        """(scope, node) of the attempts in flight, for the updates that come back."""
        self.like: dict[Hashable, AttemptSpec] = {}
        """Specifications of attempts that were started, by task and overrides: the next of the same resembles it."""
        self.whole: tuple[bytes, asyncio.Future[bytes] | None] | None = None
        """The inputs that were last needed whole, and what they become if they are not: items of an array share
        them."""
        self._reported: dict[tuple[int, int, int], AttemptId] = {}
        """Attempts that have ended, by scope, node and number, whose end is not in the log yet."""
        self._ends: dict[tuple[int, int, int], AttemptId] = {}
        """Those with their end among the events to be committed."""
        self._next_seq = len(log)
        self._last_at = max(event.at for event in log)
        self._events: list[bytes] = []
        self._actions: list[Action] = []
        self._changes = Changes()
        self._kept = 0
        """The number of objects of the next commit that are written."""
        self._consumed: list[int] = []
        self._timers: list[SetTimer] = []

    def lose(self, attempt: AttemptId, claim: int) -> None:
        """Note that an attempt has a greater claim than this reading's, and was not submitted."""
        self.attempts.pop(attempt, None)
        self.claimed_above = max(self.claimed_above, claim)

    def take_end(self, attempt: AttemptId) -> None:
        """Note that the executor has reported the end of an attempt in flight: an event will say what it means."""
        scope, node = self.attempts.pop(attempt)
        self._reported[scope, node, attempt.attempt] = attempt

    def log(self, event: Event) -> None:
        """Append an event that changes nothing but the log."""
        self._append(self._timed(event, event.at))

    def add(self, actions: Iterable[Action], changes: Changes) -> None:
        """Take the engine's actions and changes for an event that is in the log already."""
        for action in actions:
            if isinstance(action, SetTimer):
                self._timers.append(action)
            else:
                self._actions.append(action)
        join(self._changes, changes)

    def step(self, event: Event, now: int) -> None:
        """Take the state one event further; an event that means nothing any more is dropped."""
        event = self._timed(event, now)
        if isinstance(event, GraphReturned) and event.closure_uri not in self.state.graphs:
            return  # meant for an earlier reading of the execution; its attempt is asked again
        if isinstance(event, ValueLoaded) and event.error is None and event.uri not in self.state.arrived:
            return  # as above; it is loaded again
        stepped = offer(self.state, event)
        if stepped is not None:
            self._append(event)
            self.add(*stepped)

    def _timed(self, event: Event, now: int) -> Event:
        """The event as of the time at which it is taken into the log, which never goes back."""
        return msgspec.structs.replace(event, at=max(now, self._last_at))

    def _append(self, event: Event) -> None:
        self._last_at = event.at
        self._events.append(encode(event))
        if isinstance(event, _ENDS):
            key = event.scope, event.node, event.attempt
            if key in self._reported:
                self._ends[key] = self._reported.pop(key)

    def take_timers(self) -> list[SetTimer]:
        """The timers to be set. They need not wait for a commit: one that fires earlier is an event like others."""
        timers, self._timers = self._timers, []
        return timers

    def consume(self, message: int) -> None:
        self._consumed.append(message)

    @property
    def asides(self) -> list[Aside]:
        """Objects that must be written before the next commit, whose rows refer to them."""
        return self._changes.asides[self._kept :]

    def have_kept(self, asides: Sequence[Aside]) -> None:
        """Note that these are written."""
        self._kept += len(asides)

    @property
    def is_dirty(self) -> bool:
        return bool(self._events or self._consumed or self._actions)

    @property
    def ends_unwritten(self) -> bool:
        """True if it came to an end that follows from events that are not in its log yet, and is not an abort."""
        phase = self.state.phase
        return phase.is_terminal and phase is not ExecutionPhase.ABORTED and bool(self.uncommitted())

    @property
    def released(self) -> list[Released]:
        """Reservations that end with the next commit."""
        return self._changes.released

    def uncommitted(self) -> list[Event]:
        """The events of the execution that are not in its log, without those of its claims."""
        return [event for event in map(decode, self._events) if not isinstance(event, Claimed)]

    def take_attempts(self, before: Owned) -> tuple[list[AttemptId], list[AttemptId]]:
        """Go on with the attempts that an earlier reading of the execution had in flight. Returns those that should not
        run, and those whose reported end is durable.

        An attempt that runs is not started again: its end may be on the way.
        """
        if before.claimed_above:  # a store that was set back has shorter logs than there were
            self.claim = max(self.claim, before.claimed_above + 1)
        wanted = {
            self.attempt_id(action): (action.scope, action.node)
            for action in self._actions
            if isinstance(action, StartAttempt)
        }
        self.attempts = {id: place for id, place in wanted.items() if id in before.attempts}
        self._actions = [
            action
            for action in self._actions
            if not isinstance(action, StartAttempt) or self.attempt_id(action) not in self.attempts
        ]
        reported = before._reported | before._ends
        self._reported |= {key: id for key, id in reported.items() if id in wanted}
        cancelled = [self.attempt_id(action) for action in before._actions if isinstance(action, CancelAttempt)]
        known = dict.fromkeys((*before.attempts, *cancelled))
        unwanted, ended = ([id for id in ids if id not in wanted] for ids in (known, reported.values()))
        return unwanted, ended

    def commit(self, owner: str) -> Commit:
        """All that is new, as one commit. Call `committed` once it is durable."""
        return Commit(self.record.id, self._next_seq, self._events, self._changes, self._consumed, owner=owner)

    @property
    def ends(self) -> Collection[AttemptId]:
        """The attempts that the next commit ends, as far as the executor has reported that."""
        return self._ends.values()

    @property
    def unsettled(self) -> Collection[AttemptId]:
        """The attempts whose end is not known to be durable: in flight, or reported to have ended."""
        return (*self.attempts, *self._reported.values(), *self._ends.values())

    def committed(self) -> list[Action]:
        """Note that the commit is durable. Returns the actions that may be done now."""
        actions = self._actions
        self._next_seq += len(self._events)
        self._events, self._actions, self._changes, self._consumed = [], [], Changes(), []
        self._ends, self._kept = {}, 0
        for action in actions:
            if isinstance(action, StartAttempt):
                self.attempts[self.attempt_id(action)] = (action.scope, action.node)
        return actions

    def attempt_id(self, action: StartAttempt | CancelAttempt) -> AttemptId:
        return AttemptId(self.record.id, action.node_id, action.attempt, action.index)


def join(into: Changes, more: Changes) -> None:
    """Append `more`, which came later."""
    if more.execution is not None:
        before, into.execution = into.execution, more.execution
        for field in more.execution.__struct_fields__ if before is not None else ():
            if getattr(more.execution, field) is None:
                setattr(more.execution, field, getattr(before, field))
    into.nodes.extend(more.nodes)
    into.attempts.extend(more.attempts)
    into.items.extend(more.items)
    into.reasons.extend(more.reasons)
    into.signals.extend(more.signals)
    into.jobs.extend(more.jobs)
    into.published.extend(more.published)
    into.released.extend(more.released)
    into.asides.extend(more.asides)
