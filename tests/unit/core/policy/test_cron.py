"""Cron expressions: what they name, when clocks change, and what a mistake in one is told as."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from alula.core.errors import InvalidInput
from alula.core.policy.cron import Cron, read_aws_cron, read_cron


def times(cron: Cron, since: str, zone: str = "UTC", count: int = 3) -> list[str]:
    clock = ZoneInfo(zone)

    def all_times(at: datetime | None):
        while at is not None and (at := cron.next_after(at, clock)) is not None:
            yield at.astimezone(clock).strftime("%Y-%m-%d %H:%M %Z")

    return list(islice(all_times(datetime.fromisoformat(since).replace(tzinfo=UTC)), count))


@pytest.mark.parametrize(
    ("expression", "first", "second"),
    [
        ("* * * * *", "2026-01-01 00:01 UTC", "2026-01-01 00:02 UTC"),
        ("5,35 */6 * * *", "2026-01-01 00:05 UTC", "2026-01-01 00:35 UTC"),
        ("50/4 3 * * *", "2026-01-01 03:50 UTC", "2026-01-01 03:54 UTC"),
        ("0 9 * * MON-fri", "2026-01-01 09:00 UTC", "2026-01-02 09:00 UTC"),
        ("0 0 * * 7", "2026-01-04 00:00 UTC", "2026-01-11 00:00 UTC"),
        ("0 0 29 FEB ?", "2028-02-29 00:00 UTC", "2032-02-29 00:00 UTC"),
        ("0 0 13 * FRI", "2026-01-02 00:00 UTC", "2026-01-09 00:00 UTC"),  # either of them is enough
        ("0 0 */2 * FRI", "2026-01-02 00:00 UTC", "2026-01-03 00:00 UTC"),
        ("@monthly", "2026-02-01 00:00 UTC", "2026-03-01 00:00 UTC"),
        ("hourly", "2026-01-01 01:00 UTC", "2026-01-01 02:00 UTC"),
    ],
)
def test_it_names_times(expression: str, first: str, second: str) -> None:
    assert times(read_cron(expression), "2026-01-01", count=2) == [first, second]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 10 * * ? *", ["2026-01-01 10:00 UTC", "2026-01-02 10:00 UTC"]),
        ("cron(15 12 L * ? *)", ["2026-01-31 12:15 UTC", "2026-02-28 12:15 UTC"]),
        ("0 8 1W * ? *", ["2026-01-01 08:00 UTC", "2026-02-02 08:00 UTC"]),  # 1 February is a Sunday
        ("0 8 31W * ? *", ["2026-01-30 08:00 UTC", "2026-03-31 08:00 UTC"]),
        ("0 8 LW * ? *", ["2026-01-30 08:00 UTC", "2026-02-27 08:00 UTC"]),
        ("0 9 ? * 2#1 *", ["2026-01-05 09:00 UTC", "2026-02-02 09:00 UTC"]),
        ("0 18 ? * FRIL *", ["2026-01-30 18:00 UTC", "2026-02-27 18:00 UTC"]),
        ("0 0 1 1 ? 2027-2028", ["2027-01-01 00:00 UTC", "2028-01-01 00:00 UTC"]),
    ],
)
def test_the_form_of_aws(expression: str, expected: list[str]) -> None:
    assert times(read_aws_cron(expression), "2026-01-01", count=2) == expected


def test_it_ends_with_its_years() -> None:
    assert len(times(read_aws_cron("0 0 1 1 ? 2027-2028"), "2026-01-01", count=9)) == 2


@pytest.mark.parametrize(
    ("expression", "since", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST"]),
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25 02:30 CEST", "2026-10-26 02:30 CET"]),
        ("*/30 2 * * *", "2026-03-28T12:00", ["2026-03-30 02:00 CEST", "2026-03-30 02:30 CEST"]),
        (
            "30 * * * *",
            "2026-10-24T23:45",
            ["2026-10-25 02:30 CEST", "2026-10-25 02:30 CET", "2026-10-25 03:30 CET"],
        ),
    ],
)
def test_when_clocks_change_a_time_of_day_comes_once_and_an_interval_goes_on(
    expression: str, since: str, expected: list[str]
) -> None:
    assert times(read_cron(expression), since, "Europe/Zurich", len(expected)) == expected


def test_a_clock_that_is_set_back_by_half_an_hour_shows_the_hour_after_it_once() -> None:
    """At 2:00 it is 1:30 again: 2:00 comes half an hour later."""
    expected = [f"2000-03-26 0{hour}:00 +1030" for hour in (2, 4, 6)]
    assert times(read_cron("0 */2 * * *"), "2000-03-25 13:07", "Australia/Lord_Howe", 3) == expected


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("61 * * * *", "the minute `61` is not from 0 to 59, at character 1"),
        ("0 1,24 * * *", "the hour `24` is not from 0 to 23, at character 5"),
        ("0 0 * foo *", "`foo` is no month, at character 7"),
        ("0 0 * * MON-", "`MON-` is no day of week, at character 9"),
        ("0 9-5 * * *", "the range `9-5` of the hour ends before it begins, at character 3"),
        ("*/0 * * * *", "a step of the minute is 0, at character 3"),
        ("1,,2 * * * *", "`` is no minute, at character 3"),
        ("* * * *", "it has 4 fields, not 5, at character 8"),
        ("0 0 10 * * ? *", "it has 7 fields, not 5, at character 12"),
        ("", "it has 0 fields, not 5, at character 1"),
        ("0 0 31 4,6 *", "no month that it names has such a day, at character 1"),
        ("CRON_TZ=UTC 0 0 * * x", "`x` is no day of week, at character 21"),
        ("TZ= 0 0 * * *", "no time zone is named, at character 4"),
        ("@evry", "`@evry` is no alias, at character 1"),
        ("@every 5m", "`@every` is not a time of a clock, at character 1"),
        ("² * * * *", "`²` is no minute, at character 1"),
        ("0" * 5000 + " * * * *", "is not from 0 to 59, at character 1"),
    ],
)
def test_a_mistake_is_told_with_its_place(expression: str, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_cron(expression)
    assert caught.value.code == "InvalidSchedule"
    assert told in caught.value.message


def test_aws_has_one_kind_of_day() -> None:
    with pytest.raises(InvalidInput, match="both given, at character 11"):
        read_aws_cron("0 10 15 * 2 *")


def test_the_zone_is_read_and_not_looked_up() -> None:
    assert read_cron("CRON_TZ=Europe/Zurich 0 3 * * *").zone == "Europe/Zurich"
    assert read_cron("TZ=Nowhere @daily").zone == "Nowhere"
