"""The decisions about a backfill: its slots, which of them are to be run, how many start next, and when it has ended.

A backfill runs a launch plan for times in the past, its slots. Each slot starts at most one run:

    WAITING ── run ──► RUNNING ──► SUCCEEDED | FAILED
       └─ refused ─► FAILED        THERE: a run of the slot exists, and is not to be done again

    RUNNING ◄─ pause, resume ─► PAUSED        no slot waits or runs: SUCCEEDED, or FAILED if a slot has failed
       └── cancel ──► CANCELLING ──► CANCELLED

Pure; the store keeps how far each is, and the duty does what is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from enum import IntEnum
from itertools import islice, takewhile
from typing import Literal, TypeAlias

import msgspec

from alula.core.errors import InvalidInput
from alula.core.policy.schedule import Fire, Schedule

SLOTS_MAX = 10_000
AT_ONCE_MAX = 200
Reprocess: TypeAlias = Literal["none", "failed", "all"]


class BackfillState(IntEnum):
    """How far a backfill is."""

    RUNNING = 1
    PAUSED = 2
    """No further slot starts; runs that are open go on."""
    CANCELLING = 3
    """No further slot starts, and runs that are open are aborted."""
    SUCCEEDED = 4
    FAILED = 5
    CANCELLED = 6

    @property
    def is_terminal(self) -> bool:
        return self >= BackfillState.SUCCEEDED


class SlotState(IntEnum):
    """How far a slot is."""

    WAITING = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    THERE = 5
    """A run of this slot existed, and is left as it is."""


class Rules(msgspec.Struct, frozen=True):
    """How a backfill goes about its slots."""

    at_once: int = 1
    """The most runs of it that are open at once."""
    newest_first: bool = False
    reprocess: Reprocess = "none"
    """Which slots are run again that have a run which has ended."""
    stops: bool = True
    """No further slot starts after one has failed."""


class Counts(msgspec.Struct, frozen=True):
    """The numbers of slots by their states."""

    waiting: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    there: int = 0

    def moved(self, before: SlotState, after: SlotState) -> Counts:
        """The numbers after one slot has changed."""
        numbers = msgspec.structs.asdict(self)
        numbers[before.name.lower()] -= 1
        numbers[after.name.lower()] += 1
        return Counts(**numbers)


class Step(msgspec.Struct, frozen=True):
    """What is next: how many slots start, or the end."""

    starts: int = 0
    end: BackfillState | None = None


def check_rules(rules: Rules) -> None:
    """Raise `InvalidInput` code `BadBackfill` for rules that can't be followed."""
    if not 1 <= rules.at_once <= AT_ONCE_MAX:
        raise InvalidInput("BadBackfill", f"1 to {AT_ONCE_MAX} runs can be open at once, not {rules.at_once}")


def slots_between(schedule: Schedule, first: int, until: int, zone: tzinfo, *, since: int) -> list[Fire]:
    """The fires that are about a time from `first` on and before `until`, the earliest first.

    Raises `InvalidInput` code `BadBackfill` if there are none, or more than `SLOTS_MAX`.
    """
    if first >= until:
        raise InvalidInput("BadBackfill", "the backfill ends before it begins", fix="exchange the two times")
    fires = schedule.fires(first + schedule.offset_us - 1, zone, since=since)
    found = list(islice(takewhile(lambda fire: fire.planned_for < until, fires), SLOTS_MAX + 1))
    if not found:
        raise InvalidInput("BadBackfill", "the schedule names no time in this range", fix="choose another range")
    if len(found) > SLOTS_MAX:
        raise InvalidInput(
            "BadBackfill", f"the range has more than {SLOTS_MAX} slots", fix="make several backfills of smaller ranges"
        )
    return found


def is_wanted(existing: SlotState | None, reprocess: Reprocess) -> bool:
    """True if a slot is to be run whose newest run has made it this; None if it has none. A run that is open is never
    joined by another."""
    match existing:
        case None:
            return True
        case SlotState.SUCCEEDED:
            return reprocess == "all"
        case SlotState.FAILED:
            return reprocess != "none"
        case _:
            return False


def count(states: Sequence[SlotState]) -> Counts:
    """The numbers of these states."""
    return Counts(**{state.name.lower(): states.count(state) for state in SlotState})


def next_step(state: BackfillState, counts: Counts, rules: Rules, *, room: int | None = None) -> Step:
    """Decide what is next. `room` is how many runs the limit of the launch plan leaves; None for no limit."""
    stops = state is BackfillState.CANCELLING or (rules.stops and counts.failed > 0)
    if not counts.running and (stops or not counts.waiting):
        return Step(end=_end(state, counts))
    if stops or state is not BackfillState.RUNNING:
        return Step()
    free = rules.at_once - counts.running
    return Step(starts=max(0, min(free, counts.waiting, free if room is None else room)))


def cancelled(counts: Counts) -> BackfillState:
    """The state of a backfill that is told to end."""
    return BackfillState.CANCELLING if counts.running else BackfillState.CANCELLED


def _end(state: BackfillState, counts: Counts) -> BackfillState:
    if state is BackfillState.CANCELLING:
        return BackfillState.CANCELLED
    return BackfillState.FAILED if counts.failed else BackfillState.SUCCEEDED
