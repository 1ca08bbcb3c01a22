"""Which slots a backfill has, which of them are run, and how many start next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alula.core.errors import InvalidInput
from alula.core.policy.backfilling import (
    AT_ONCE_MAX,
    BackfillState,
    Counts,
    Rules,
    SlotState,
    Step,
    cancelled,
    check_rules,
    count,
    is_wanted,
    next_step,
    slots_between,
)
from alula.core.policy.cron import read_cron
from alula.core.policy.schedule import Schedule

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
NEW_YEAR_US = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
DAILY = Schedule(cron=read_cron("0 3 * * *"))
RUNNING, PAUSED, CANCELLING = BackfillState.RUNNING, BackfillState.PAUSED, BackfillState.CANCELLING


def hours(schedule: Schedule, first: int, until: int, *, since: int = 0) -> list[int]:
    """The times that slots are about, in hours after new year."""
    begin, end = NEW_YEAR_US + first * HOUR_US, NEW_YEAR_US + until * HOUR_US
    fires = slots_between(schedule, begin, end, UTC, since=NEW_YEAR_US + since * HOUR_US)
    return [(fire.planned_for - NEW_YEAR_US) // HOUR_US for fire in fires]


def test_slots_are_from_the_first_time_on_and_before_the_last() -> None:
    assert hours(DAILY, 3, 51) == [3, 27]
    assert hours(DAILY, 4, 52) == [27, 51]


def test_the_range_is_of_the_times_that_runs_are_about() -> None:
    late = Schedule(cron=read_cron("0 3 * * *"), offset_us=5 * DAY_US)
    assert hours(late, 3, 51) == [3, 27]
    assert slots_between(late, NEW_YEAR_US, NEW_YEAR_US + DAY_US, UTC, since=0)[0].at == NEW_YEAR_US + 123 * HOUR_US


def test_a_rate_counts_from_its_activation_in_both_directions() -> None:
    assert hours(Schedule(rate_us=5 * HOUR_US), 0, 12, since=101) == [1, 6, 11]


def test_a_schedule_has_no_slots_outside_of_its_own_dates() -> None:
    bounded = Schedule(
        cron=read_cron("0 * * * *"), starts_at=NEW_YEAR_US + 2 * HOUR_US, ends_at=NEW_YEAR_US + 4 * HOUR_US
    )
    assert hours(bounded, 0, 10) == [2, 3, 4]


@pytest.mark.parametrize(
    ("first", "until", "told"),
    [(5, 5, "ends before it begins"), (4, 20, "names no time"), (0, 11_000 * 24, "more than 10000 slots")],
)
def test_a_range_that_is_not_possible_is_refused(first: int, until: int, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as raised:
        hours(DAILY, first, until)
    assert raised.value.code == "BadBackfill"


@pytest.mark.parametrize("at_once", [0, -1, AT_ONCE_MAX + 1])
def test_a_number_of_runs_that_is_not_possible_is_refused(at_once: int) -> None:
    with pytest.raises(InvalidInput):
        check_rules(Rules(at_once))
    check_rules(Rules(AT_ONCE_MAX))


@pytest.mark.parametrize(
    ("newest", "none", "failed", "every"),
    [
        (None, True, True, True),
        (SlotState.RUNNING, False, False, False),
        (SlotState.SUCCEEDED, False, False, True),
        (SlotState.FAILED, False, True, True),
    ],
)
def test_what_is_run_again_is_what_was_asked_and_has_ended(
    newest: SlotState | None, none: bool, failed: bool, every: bool
) -> None:
    assert (is_wanted(newest, "none"), is_wanted(newest, "failed"), is_wanted(newest, "all")) == (none, failed, every)


def test_as_many_start_as_there_is_room_for() -> None:
    rules = Rules(at_once=3)
    assert next_step(RUNNING, Counts(waiting=9), rules) == Step(starts=3)
    assert next_step(RUNNING, Counts(waiting=9, running=2), rules) == Step(starts=1)
    assert next_step(RUNNING, Counts(waiting=1, running=1), rules) == Step(starts=1)
    assert next_step(RUNNING, Counts(waiting=9, running=1), rules, room=1) == Step(starts=1)
    assert next_step(RUNNING, Counts(waiting=9), rules, room=-1) == Step()


def test_none_starts_while_it_is_paused_or_being_cancelled() -> None:
    for state in (PAUSED, CANCELLING):
        assert next_step(state, Counts(waiting=9, running=1), Rules(3)) == Step()
    assert next_step(PAUSED, Counts(waiting=9), Rules(3)) == Step()


def test_a_failure_stops_it_when_its_open_runs_have_ended_unless_it_goes_on() -> None:
    assert next_step(RUNNING, Counts(waiting=9, running=1, failed=1), Rules(3)) == Step()
    assert next_step(RUNNING, Counts(waiting=9, failed=1), Rules(3)) == Step(end=BackfillState.FAILED)
    assert next_step(RUNNING, Counts(waiting=9, failed=1), Rules(3, stops=False)) == Step(starts=3)
    assert next_step(RUNNING, Counts(failed=1, succeeded=8), Rules(3, stops=False)) == Step(end=BackfillState.FAILED)


def test_it_ends_when_nothing_waits_or_runs() -> None:
    assert next_step(RUNNING, Counts(succeeded=2, there=7), Rules()) == Step(end=BackfillState.SUCCEEDED)
    assert next_step(PAUSED, Counts(succeeded=2), Rules()) == Step(end=BackfillState.SUCCEEDED)
    assert next_step(CANCELLING, Counts(waiting=9, failed=2), Rules()) == Step(end=BackfillState.CANCELLED)


def test_one_without_open_runs_is_cancelled_at_once() -> None:
    assert cancelled(Counts(waiting=3)) is BackfillState.CANCELLED
    assert cancelled(Counts(waiting=3, running=1)) is CANCELLING


def test_counts_follow_a_slot() -> None:
    counts = count([SlotState.WAITING, SlotState.WAITING, SlotState.THERE])
    assert counts == Counts(waiting=2, there=1)
    assert counts.moved(SlotState.WAITING, SlotState.RUNNING) == Counts(waiting=1, running=1, there=1)
