"""The decision about the fires of a schedule that are due: which start, which wait, and which are skipped and why.

    fires that are due, by the clock
      |-- too many to be made up for, or `catch_up` does not want them ........... skipped
      |-- the others join those that wait; then, by the limit on open runs,
           `skip`     as many start as may; the others ........................... are skipped
           `queue`    as many start as may, the oldest first; the others ......... wait
           `replace`  older ones than the limit allows ........................... are skipped
                      as many start as may, runs that are open make room for
                      the others, which ......................................... wait

A fire is dealt with once: it is skipped, or it waits until it starts. Pure; the scheduler does what is decided, and
keeps what waits in the row of the schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

import msgspec

from alula.core.policy.schedule import Due, Fire
from alula.core.policy.schedule_rules import Rules

LATE_US = 120_000_000
"""A fire that was not looked at for this long was missed. A scheduler that takes over from another is sooner."""

Why = Literal["missed", "limit", "replaced", "queue full"]


class Skip(msgspec.Struct, frozen=True):
    """Fires that no run is started for: the first of them, how many, and the reason."""

    first: Fire
    count: int
    why: Why


class Decision(msgspec.Struct, frozen=True):
    """What to do, in this order."""

    skips: tuple[Skip, ...] = ()
    starts: tuple[Fire, ...] = ()
    waiting: tuple[Fire, ...] = ()
    """Fires that start when runs have ended."""
    stops: int = 0
    """The number of open runs, the oldest first, that are to make room. They are told so once, so it is 0 while the
    others wait for that."""


def decide(due: Due, waiting: Sequence[Fire], rules: Rules, *, now: int, open_runs: int, waiting_max: int) -> Decision:
    """Decide about the fires that are due, and about those that wait already."""
    skips: list[Skip] = []
    if due.skipped is not None:
        skips.append(Skip(due.skipped.first, due.skipped.count, "missed"))
    wanted, missed = _caught_up(due.fires, rules, now)
    _skip(skips, missed, "missed")
    ready = (*waiting, *wanted)
    free = len(ready) if not rules.open_max else max(0, rules.open_max - open_runs)
    match rules.at_limit:
        case "skip":
            _skip(skips, ready[free:], "limit")
            return Decision(tuple(skips), ready[:free])
        case "queue":
            starts, waits = ready[:free], ready[free:]
            dropped = len(waits) - waiting_max
            if dropped > 0:
                _skip(skips, waits[:dropped], "queue full")
                waits = waits[dropped:]
            return Decision(tuple(skips), starts, waits)
        case "replace":
            older = len(ready) - rules.open_max if rules.open_max else 0
            if older > 0:
                _skip(skips, ready[:older], "replaced")
                ready = ready[older:]
            waits = ready[free:]
            is_new = waits and waits[-1] not in waiting
            return Decision(tuple(skips), ready[:free], waits, stops=len(waits) if is_new else 0)


def _caught_up(fires: Sequence[Fire], rules: Rules, now: int) -> tuple[Sequence[Fire], Sequence[Fire]]:
    """Those of the fires that are wanted, and those that are not."""
    begin = accumulate((fire.due_at for fire in fires), max)  # one that is delayed holds back those after it
    late = sum(now - at > LATE_US for at in begin)
    match rules.catch_up:
        case "all":
            first = 0
        case "last":
            first = max(0, late - 1)
        case "none":
            first = late
    return fires[first:], fires[:first]


def _skip(skips: list[Skip], fires: Sequence[Fire], why: Why) -> None:
    if fires:
        skips.append(Skip(fires[0], len(fires), why))
