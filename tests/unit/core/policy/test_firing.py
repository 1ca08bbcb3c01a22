"""What becomes of the fires that are due: by what was missed, and by the limit on open runs."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from alula.core.policy.firing import LATE_US, Decision, Skip, Why, decide
from alula.core.policy.schedule import Due, Fire, Missed
from alula.core.policy.schedule_rules import AtLimit, CatchUp, Rules

HOUR_US = 3_600_000_000
NOW = 100 * HOUR_US


def fire(hour: int, *, delay_us: int = 0) -> Fire:
    return Fire(hour * HOUR_US, hour * HOUR_US, delay_us)


def fires(*hours: int) -> tuple[Fire, ...]:
    return tuple(map(fire, hours))


def decided(due: tuple[Fire, ...], rules: Rules, *, waiting: tuple[Fire, ...] = (), open_runs: int = 0) -> Decision:
    return decide(Due(list(due), None, None), waiting, rules, now=NOW, open_runs=open_runs, waiting_max=3)


def skip(why: Why, *hours: int) -> Skip:
    return Skip(fire(hours[0]), len(hours), why)


@pytest.mark.parametrize(
    ("catch_up", "due", "started"),
    [
        ("all", (97, 98, 99), (97, 98, 99)),
        ("last", (97, 98, 99), (99,)),
        ("last", (98, 99, 100), (99, 100)),
        ("last", (100,), (100,)),
        ("none", (97, 98, 99), ()),
        ("none", (98, 99, 100), (100,)),
        ("none", (100,), (100,)),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_plan_says(
    catch_up: CatchUp, due: tuple[int, ...], started: tuple[int, ...]
) -> None:
    decision = decided(fires(*due), Rules(catch_up=catch_up))
    missed = due[: len(due) - len(started)]
    assert decision == Decision((skip("missed", *missed),) if missed else (), fires(*started))


def test_a_fire_that_was_held_back_by_the_delay_of_another_was_not_missed() -> None:
    first, second = fire(98, delay_us=2 * HOUR_US), fire(99)
    assert decided((first, second), Rules(catch_up="none")).starts == (first, second)


def test_fires_that_are_too_many_are_told_with_their_number() -> None:
    due = Due(list(fires(99)), Missed(fire(1), 98), None)
    decision = decide(due, (), Rules(), now=NOW, open_runs=0, waiting_max=3)
    assert decision == Decision((Skip(fire(1), 98, "missed"),), fires(99))


def test_at_the_limit_a_fire_is_skipped() -> None:
    rules = Rules(open_max=2, at_limit="skip")
    assert decided(fires(98, 99, 100), rules, open_runs=1) == Decision((skip("limit", 99, 100),), fires(98))
    assert decided(fires(100), rules, open_runs=5) == Decision((skip("limit", 100),))


def test_at_the_limit_a_fire_waits_its_turn() -> None:
    rules = Rules(open_max=1, at_limit="queue")
    assert decided(fires(99, 100), rules) == Decision((), fires(99), fires(100))
    assert decided((), rules, waiting=fires(99, 100), open_runs=1) == Decision((), (), fires(99, 100))
    assert decided(fires(100), rules, waiting=fires(98, 99)) == Decision((), fires(98), fires(99, 100))


def test_of_too_many_that_wait_the_oldest_are_skipped() -> None:
    rules = Rules(open_max=1, at_limit="queue")
    decision = decided(fires(99, 100), rules, waiting=fires(95, 96, 97), open_runs=1)
    assert decision == Decision((skip("queue full", 95, 96),), (), fires(97, 99, 100))


def test_what_waits_is_not_taken_for_missed() -> None:
    rules = Rules("none", open_max=1, at_limit="queue")
    assert decided((), rules, waiting=fires(3)) == Decision((), fires(3))


def test_at_the_limit_a_fire_takes_the_place_of_an_older_run() -> None:
    rules = Rules(open_max=2, at_limit="replace")
    assert decided(fires(100), rules, open_runs=2) == Decision((), (), fires(100), stops=1)
    assert decided(fires(100), rules, open_runs=1) == Decision((), fires(100))
    # The run that makes room is told so once.
    assert decided((), rules, waiting=fires(100), open_runs=2) == Decision((), (), fires(100))
    assert decided((), rules, waiting=fires(100), open_runs=1) == Decision((), fires(100))


def test_a_later_fire_takes_the_place_of_one_that_waits() -> None:
    rules = Rules(open_max=1, at_limit="replace")
    decision = decided(fires(100), rules, waiting=fires(99), open_runs=1)
    assert decision == Decision((skip("replaced", 99),), (), fires(100), stops=1)


@pytest.mark.parametrize("catch_up", get_args(CatchUp))
@pytest.mark.parametrize("at_limit", get_args(AtLimit))
@pytest.mark.parametrize("open_max", [0, 1, 2])
def test_each_fire_is_skipped_starts_or_waits_and_no_more_start_than_may(
    catch_up: CatchUp, at_limit: AtLimit, open_max: int
) -> None:
    rules = Rules(catch_up, open_max, at_limit)
    for due, waiting, open_runs in product(range(5), range(4), range(4)):
        new = tuple(Fire(NOW - n * LATE_US, 0) for n in reversed(range(due)))
        old = tuple(Fire(n, 0) for n in range(waiting))
        decision = decided(new, rules, waiting=old, open_runs=open_runs)
        skipped = sum(each.count for each in decision.skips)
        assert skipped + len(decision.starts) + len(decision.waiting) == due + waiting
        assert not set(decision.starts) & set(decision.waiting)
        if open_max:
            assert len(decision.starts) <= max(0, open_max - open_runs)
            assert decision.stops <= open_runs
        else:
            assert not decision.waiting
