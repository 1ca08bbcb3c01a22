"""Schedules of launch plans: the instants at which a plan is to run. Times are microseconds since 1970, in UTC.

A plan fires at the times that a cron expression names, or again and again after a fixed time that counts from its
start, or else its activation. An `offset` moves each time of the expression, so that a run can start later than the
time that it is about. A `jitter` delays the start of each run by a part of it that follows from the plan and the fire,
so that plans of one time do not start at once. Fires are told apart by `at`, which no jitter moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from itertools import islice, takewhile

import msgspec
from flyteidl.admin import schedule_pb2

from alula.core.errors import InvalidInput
from alula.core.policy.cron import Cron, read_aws_cron, read_cron

COUNTED_MAX = 10_000
"""The most fires that are counted where they are too many to be made up for."""
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
    delay_us: int = 0
    """The part of the jitter that is its."""

    @property
    def due_at(self) -> int:
        """The time from which it may start."""
        return self.at + self.delay_us


class Missed(msgspec.Struct, frozen=True):
    """Fires that are too many to be made up for: the first of them, and their number, `COUNTED_MAX` at most."""

    first: Fire
    count: int


class Due(msgspec.Struct, frozen=True):
    """The fires of a schedule that are due, and the next one."""

    fires: list[Fire]
    skipped: Missed | None
    """None if all are made up for."""
    upcoming: Fire | None


class Schedule(msgspec.Struct, frozen=True):
    """The times at which a launch plan runs: those of `cron`, or one every `rate_us`."""

    cron: Cron | None = None
    offset_us: int = 0
    rate_us: int = 0
    starts_at: int | None = None
    """Nothing fires before; a rate counts from it, and its first fire is then."""
    ends_at: int | None = None
    """Nothing fires after."""
    jitter_us: int = 0
    salt: str = ""
    """The name of the plan, from which the jitter of each of its fires follows."""

    @property
    def zone(self) -> str:
        """The time zone that its expression names, or empty."""
        return self.cron.zone if self.cron is not None else ""

    def fire_at(self, at: int) -> Fire:
        """The fire of a time that the schedule names."""
        return Fire(at, at - self.offset_us, self._delay_us(at))

    def next_after(self, after: int, zone: tzinfo, *, since: int = 0) -> Fire | None:
        """The first fire after `after`; None if there is none any more. A rate counts from `since` if the schedule has
        no start."""
        if self.starts_at is not None:
            after = max(after, self.starts_at - 1)
        at = self._named_after(after, zone, since if self.starts_at is None else self.starts_at)
        if at is None or (self.ends_at is not None and at > self.ends_at):
            return None
        return self.fire_at(at)

    def _named_after(self, after: int, zone: tzinfo, since: int) -> int | None:
        if self.cron is None:
            return since + ((after - since) // self.rate_us + 1) * self.rate_us
        found = self.cron.next_after(_EPOCH + timedelta(microseconds=after - self.offset_us), zone)
        return None if found is None else (found - _EPOCH) // timedelta(microseconds=1) + self.offset_us

    def _delay_us(self, at: int) -> int:
        if not self.jitter_us:
            return 0
        digest = blake2b(f"{self.salt}:{at}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % self.jitter_us

    def fires(self, after: int, zone: tzinfo, *, since: int = 0) -> Iterator[Fire]:
        """All fires after `after`, the earliest first."""
        while (fire := self.next_after(after, zone, since=since)) is not None:
            yield fire
            after = fire.at

    def due(self, after: int, now: int, zone: tzinfo, *, since: int = 0, most: int) -> Due:
        """The latest fires after `after` and not after `now`, at most `most`, at the cost of a few times as many, and
        of counting the others. One that its jitter delays holds back those after it: fires keep their order."""
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
        if latest[0] == first:
            return Due(latest, None, upcoming)
        others = takewhile(lambda fire: fire.at < latest[0].at, self.fires(after, zone, since=since))
        return Due(latest, Missed(first, sum(1 for _ in islice(others, COUNTED_MAX))), upcoming)

    @staticmethod
    def _until(now: int, fires: Iterable[Fire]) -> tuple[list[Fire], Fire | None]:
        due: list[Fire] = []
        for fire in fires:
            if fire.due_at > now:
                return due, fire
            due.append(fire)
        return due, None


def schedule_of(message: schedule_pb2.Schedule) -> Schedule:
    """Read the schedule of a launch plan. Raises `InvalidInput` code `InvalidSchedule`."""
    match message.WhichOneof("ScheduleExpression"):
        case "cron_schedule":
            said = message.cron_schedule
            return Schedule(cron=read_cron(said.schedule), offset_us=duration_us(said.offset, "offset"))
        case "cron_expression":
            return Schedule(cron=read_aws_cron(message.cron_expression))
        case _:
            return Schedule(rate_us=_rate_us(message.rate))


def duration_us(text: str, what: str) -> int:
    """Read an ISO 8601 duration of days, hours, minutes and seconds, at most a year. Raises as `schedule_of`."""
    if not text:
        return 0
    try:
        duration = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        raise InvalidInput(
            "InvalidSchedule",
            f"the {what} `{text[:100]}` is no ISO 8601 duration",
            fix="write it as `PT30M` or `P1DT2H`",
        ) from None
    if abs(duration) > timedelta(days=366):
        raise InvalidInput("InvalidSchedule", f"the {what} `{text[:100]}` is longer than a year")
    return duration // timedelta(microseconds=1)


def _rate_us(rate: schedule_pb2.FixedRate) -> int:
    unit = _UNITS_US.get(rate.unit)
    if unit is None:
        raise InvalidInput("InvalidSchedule", f"a fixed rate has unit {rate.unit}", fix="use MINUTE, HOUR or DAY")
    if rate.value == 0:
        raise InvalidInput("InvalidSchedule", "a fixed rate is 0", fix="use at least one minute")
    if rate.value * unit > MAX_RATE_US:
        raise InvalidInput("InvalidSchedule", "a fixed rate is longer than a year", fix="use a cron expression")
    return rate.value * unit
