"""Cron expressions beside another implementation of them, over fifty years and many time zones."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alula.core.policy.cron import read_cron

# Not Australia/Lord_Howe, which changes by half an hour: the other one leaves out what follows the change.
ZONES = (
    "UTC",
    "Africa/Cairo",  # changes at midnight
    "Africa/Casablanca",  # sets its clock back for a month
    "America/Asuncion",
    "America/Havana",  # shows midnight twice
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",  # once changed a minute after midnight
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Europe/Dublin",
    "Europe/Zurich",
    "Pacific/Apia",  # left out a day
    "Pacific/Chatham",
)
FIRES = 8


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.integers(1, high)
    item = st.one_of(
        number.map(str),
        span,
        st.tuples(span, step).map(lambda parts: f"{parts[0]}/{parts[1]}"),
    )
    return st.one_of(
        st.just("*"),
        st.integers(2, high).map(lambda number: f"*/{number}"),
        st.lists(item, min_size=1, max_size=3).map(",".join),
    )


@st.composite
def expressions(draw: st.DrawFn) -> str:
    day, weekday = draw(field(1, 28)), draw(field(0, 6))
    if day != "*" and weekday != "*":  # of a step from a star there are two opinions, where both are given
        day, weekday = day.replace("*", "1-31"), weekday.replace("*", "0-6")
    return " ".join((draw(field(0, 59)), draw(field(0, 23)), day, draw(field(1, 12)), weekday))


moments = st.datetimes(datetime(2000, 1, 1), datetime(2049, 12, 1)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)


@st.composite
def close_to_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a moment within three days before its clock changes, if it does within a year."""
    zone, at = draw(st.sampled_from(ZONES)), draw(moments)
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    for day in range(366):
        later = at + timedelta(days=day)
        if later.astimezone(ZoneInfo(zone)).utcoffset() != offset:
            return zone, later - draw(st.timedeltas(timedelta(), timedelta(days=3)))
    return zone, at


@given(expressions(), close_to_a_change())
@example("30 2 * * *", ("Europe/Zurich", datetime(2026, 3, 28, 20, tzinfo=UTC)))
@example("30 2 * * *", ("Europe/Zurich", datetime(2026, 10, 24, 20, tzinfo=UTC)))
@example("*/30 2 * * *", ("Europe/Zurich", datetime(2026, 10, 24, 20, tzinfo=UTC)))
@example("* 1 * * 5", ("Africa/Cairo", datetime(2000, 4, 27, tzinfo=UTC)))
@example("0 12 30 12 *", ("Pacific/Apia", datetime(2011, 12, 28, tzinfo=UTC)))
def test_it_fires_when_the_other_does(expression: str, since: tuple[str, datetime]) -> None:
    zone, at = ZoneInfo(since[0]), since[1].replace(microsecond=0)
    theirs: list[datetime] = []
    for fire in CronSim(expression, at.astimezone(zone)):
        fire_utc = fire.astimezone(UTC)
        assume(fire_utc.astimezone(zone).replace(tzinfo=None) == fire.replace(tzinfo=None))  # it errs at such midnights
        if fire_utc > at and fire_utc not in theirs:  # what the clock skips may come twice there
            theirs.append(fire_utc)
        if len(theirs) == FIRES or fire.year > at.year + 8:
            break
    ours: list[datetime] = []
    cron, after = read_cron(expression), at
    while theirs and (after := cron.next_after(after, zone)) is not None and after <= max(theirs):
        ours.append(after)
    assert _on_whole_days(ours, zone) == _on_whole_days(sorted(theirs), zone)


def _on_whole_days(fires: list[datetime], zone: ZoneInfo) -> list[datetime]:
    """Without those of days that begin later than at midnight, which the other one leaves out."""
    begins = (datetime.combine(fire.astimezone(zone), time(), zone) for fire in fires)
    return [fire for fire, begin in zip(fires, begins, strict=True) if _is_there(begin)]


def _is_there(local: datetime) -> bool:
    """True if the clock shows it."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
