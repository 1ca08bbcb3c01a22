"""Schedules of launch plans: the instants at which a plan is to run. Times are microseconds since 1970, in UTC.

A plan fires at the times that a cron expression names, or again and again after a fixed time that counts from its
activation. An `offset` moves each time of the expression, so that a run can start later than the time that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice

import msgspec
from flyteidl.admin import schedule_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.cron import Cron, read_aws_cron, read_cron

MAX_RATE_US = 366 * 24 * 3600 * 1_000_000
_MINUTE_US = 60_000_000
_UNITS_US = {
    schedule_pb2.MINUTE: _MINUTE_US,
    schedule_pb2.HOUR: 60 * _MINUTE_US,
    schedule_pb2.DAY: 24 * 60 * _MINUTE_US,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fire(msgspec.Struct, frozen=True):
    """One time at which a plan is to run."""

    at: int
    planned_for: int
    """The time that the run is about, which goes to the input for the kick-off time: `at` without the offset."""


class Due(msgspec.Struct, frozen=True):
    """The fires of a schedule that are due, and the next one."""

    fires: list[Fire]
    skipped: Fire | None
    """The first of the fires that are too many to be made up for; None if all are made up for."""
    upcoming: Fire | None


class Schedule(msgspec.Struct, frozen=True):
    """The times at which a launch plan runs: those of `cron`, or one every `rate_us`."""

    cron: Cron | None = None
    offset_us: int = 0
    rate_us: int = 0

    @property
    def zone(self) -> str:
        """The time zone that its expression names, or empty."""
        return self.cron.zone if self.cron is not None else ""

    def next_after(self, after: int, zone: tzinfo, *, since: int = 0) -> Fire | None:
        """The first fire after `after`; None if there is none any more. A rate counts from `since`."""
        if self.cron is None:
            at = since + (max(0, after - since) // self.rate_us + 1) * self.rate_us
            return Fire(at, at)
        found = self.cron.next_after(_EPOCH + timedelta(microseconds=after - self.offset_us), zone)
        if found is None:
            return None
        planned_for = (found - _EPOCH) // timedelta(microseconds=1)
        return Fire(planned_for + self.offset_us, planned_for)

    def fires(self, after: int, zone: tzinfo, *, since: int = 0) -> Iterator[Fire]:
        """All fires after `after`, the earliest first."""
        while (fire := self.next_after(after, zone, since=since)) is not None:
            yield fire
            after = fire.at

    def due(self, after: int, now: int, zone: tzinfo, *, since: int = 0, most: int) -> Due:
        """The latest fires after `after` and not after `now`, at most `most`, at the cost of a few times as many."""
        fires, upcoming = self._until(now, islice(self.fires(after, zone, since=since), most + 2))
        if len(fires) <= most:
            return Due(fires, None, upcoming)
        first, span = fires[0], fires[-1].at - fires[0].at
        while True:
            begin = max(after, now - span)
            fires, upcoming = self._until(now, self.fires(begin, zone, since=since))
            if len(fires) >= most or begin == after:
                break
            span *= 2
        latest = fires[-most:]
        return Due(latest, first if latest[0] != first else None, upcoming)

    @staticmethod
    def _until(now: int, fires: Iterable[Fire]) -> tuple[list[Fire], Fire | None]:
        due: list[Fire] = []
        for fire in fires:
            if fire.at > now:
                return due, fire
            due.append(fire)
        return due, None


def schedule_of(message: schedule_pb2.Schedule) -> Schedule:
    """Read the schedule of a launch plan. Raises `InvalidInput` code `InvalidSchedule`."""
    match message.WhichOneof("ScheduleExpression"):
        case "cron_schedule":
            said = message.cron_schedule
            return Schedule(cron=read_cron(said.schedule), offset_us=offset_us(said.offset))
        case "cron_expression":
            return Schedule(cron=read_aws_cron(message.cron_expression))
        case _:
            return Schedule(rate_us=_rate_us(message.rate))


def offset_us(text: str) -> int:
    """Read an ISO 8601 duration of days, hours, minutes and seconds. Raises as `schedule_of`."""
    if not text:
        return 0
    try:
        offset = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        raise InvalidInput(
            "InvalidSchedule",
            f"the offset `{text[:100]}` is no ISO 8601 duration",
            fix="write it as `PT30M` or `P1DT2H`",
        ) from None
    if abs(offset) > timedelta(days=366):
        raise InvalidInput("InvalidSchedule", f"the offset `{text[:100]}` is longer than a year")
    return offset // timedelta(microseconds=1)


def _rate_us(rate: schedule_pb2.FixedRate) -> int:
    unit = _UNITS_US.get(rate.unit)
    if unit is None:
        raise InvalidInput("InvalidSchedule", f"a fixed rate has unit {rate.unit}", fix="use MINUTE, HOUR or DAY")
    if rate.value == 0:
        raise InvalidInput("InvalidSchedule", "a fixed rate is 0", fix="use at least one minute")
    if rate.value * unit > MAX_RATE_US:
        raise InvalidInput("InvalidSchedule", "a fixed rate is longer than a year", fix="use a cron expression")
    return rate.value * unit
