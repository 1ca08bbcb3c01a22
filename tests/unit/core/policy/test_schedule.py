"""Schedules of launch plans: rates, offsets, and what can't be."""

from __future__ import annotations

from datetime import UTC
from itertools import islice, pairwise, takewhile

import msgspec
import pytest
from flyteidl.admin import schedule_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.schedule import COUNTED_MAX, Fire, Missed, Schedule, schedule_of

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US


def cron(expression: str, offset: str = "") -> schedule_pb2.Schedule:
    return schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=expression, offset=offset))


def rate(value: int, unit: int) -> schedule_pb2.Schedule:
    return schedule_pb2.Schedule(rate=schedule_pb2.FixedRate(value=value, unit=unit))  # type: ignore[arg-type]


def test_a_rate_counts_from_the_activation() -> None:
    schedule = schedule_of(rate(2, schedule_pb2.HOUR))
    since = 1_000
    fires = [fire.at - since for fire in islice(schedule.fires(since, UTC, since=since), 3)]
    assert fires == [120 * MINUTE_US, 240 * MINUTE_US, 360 * MINUTE_US]
    late = since + 121 * MINUTE_US
    assert schedule.next_after(late, UTC, since=since) == Fire(since + 240 * MINUTE_US, since + 240 * MINUTE_US)


@pytest.mark.parametrize(
    ("offset", "later_us"), [("PT30M", 30 * MINUTE_US), ("P1D", DAY_US), ("-PT1H", -60 * MINUTE_US)]
)
def test_an_offset_moves_the_fire_and_not_what_it_is_about(offset: str, later_us: int) -> None:
    schedule = schedule_of(cron("@daily", offset))
    fires = list(islice(schedule.fires(10 * DAY_US, UTC), 4))
    assert all(fire.at == fire.planned_for + later_us > 10 * DAY_US for fire in fires)
    assert [fire.planned_for % DAY_US for fire in fires] == [0] * 4
    assert {later.at - fire.at for fire, later in pairwise(fires)} == {DAY_US}


@pytest.mark.parametrize(
    "schedule",
    [
        rate(0, schedule_pb2.DAY),
        rate(4_000_000_000, schedule_pb2.DAY),
        rate(1, 99),
        cron("@daily", "5 minutes"),
        cron("@daily", "P9999D"),
        cron("@daily", "P99999999999D"),
        schedule_pb2.Schedule(cron_expression="0 10 * * *"),
    ],
)
def test_what_can_not_be_is_refused(schedule: schedule_pb2.Schedule) -> None:
    with pytest.raises(InvalidInput) as caught:
        schedule_of(schedule)
    assert caught.value.code == "InvalidSchedule"


@pytest.mark.parametrize("message", [cron("*/7 9-17 * * MON-FRI"), cron("@monthly"), rate(13, schedule_pb2.MINUTE)])
@pytest.mark.parametrize("passed_us", [0, 1, MINUTE_US, 3 * DAY_US, 100 * DAY_US])
@pytest.mark.parametrize("most", [1, 2, 30])
def test_of_many_fires_that_are_due_the_latest_count(message: schedule_pb2.Schedule, passed_us: int, most: int) -> None:
    schedule, after = schedule_of(message), 20_000 * DAY_US + 17
    now = after + passed_us
    due = schedule.due(after, now, UTC, since=after, most=most)
    fires = list(takewhile(lambda fire: fire.at <= now, schedule.fires(after, UTC, since=after)))
    assert due.fires == fires[-most:]
    left_out = fires[:-most]
    assert due.skipped == (Missed(left_out[0], min(len(left_out), COUNTED_MAX)) if left_out else None)
    assert due.upcoming == schedule.next_after(now, UTC, since=after)


def test_a_schedule_that_has_ended_has_no_next_fire() -> None:
    schedule = schedule_of(schedule_pb2.Schedule(cron_expression="0 0 1 1 ? 2027"))
    due = schedule.due(20_000 * DAY_US, 30_000 * DAY_US, UTC, most=9)
    assert (len(due.fires), due.upcoming) == (1, None)


def test_a_rate_with_a_start_counts_from_it_and_begins_then() -> None:
    schedule = Schedule(rate_us=DAY_US, starts_at=10 * DAY_US, ends_at=12 * DAY_US)
    assert [fire.at // DAY_US for fire in schedule.fires(3, UTC, since=3)] == [10, 11, 12]
    late = 10 * DAY_US + DAY_US // 2
    assert [fire.at // DAY_US for fire in schedule.fires(late, UTC, since=late)] == [11, 12]


def test_an_expression_fires_between_start_and_end_both_included() -> None:
    hourly = msgspec.structs.replace(schedule_of(cron("@daily")), starts_at=10 * DAY_US, ends_at=12 * DAY_US)
    assert [fire.at // DAY_US for fire in hourly.fires(0, UTC)] == [10, 11, 12]


def test_jitter_follows_from_plan_and_fire_and_moves_no_time_that_a_run_is_about() -> None:
    plain = Schedule(rate_us=DAY_US)
    one, other = (Schedule(rate_us=DAY_US, jitter_us=MINUTE_US, salt=salt) for salt in ("p/d/one", "p/d/other"))
    fires = [list(islice(schedule.fires(0, UTC), 50)) for schedule in (plain, one, one, other)]
    assert fires[1] == fires[2]
    assert [[fire.at for fire in each] for each in fires] == [[fire.at for fire in fires[0]]] * 4
    delays = [[fire.delay_us for fire in each] for each in fires[1:]]
    assert all(0 <= delay < MINUTE_US for each in delays for delay in each)
    assert delays[0] != delays[2] and len(set(delays[0])) > 40


def test_a_fire_that_its_jitter_delays_holds_back_those_after_it() -> None:
    schedule = Schedule(rate_us=MINUTE_US, jitter_us=10 * MINUTE_US, salt="p/d/plan")
    seen: list[Fire] = []
    after = 0
    for now in range(0, 200 * MINUTE_US, MINUTE_US // 2):
        due = schedule.due(after, now, UTC, most=100)
        assert due.skipped is None and all(fire.due_at <= now for fire in due.fires)
        seen += due.fires
        after = due.fires[-1].at if due.fires else after
    assert [fire.at for fire in seen] == [fire.at for fire in islice(schedule.fires(0, UTC), len(seen))]
    assert len(seen) > 180
