"""Cron expressions: the minutes that they name, and the instants at which a clock of a time zone shows these.

    minute hour day-of-month month day-of-week

Each field is `*`, a number, a range `a-b`, a step `*/n`, `a/n` or `a-b/n`, or several of these with commas; months and
days of the week have names. Where day of month and day of week are both restricted, either of them is enough. The older
form of AWS has a sixth field for years, counts days of the week from 1 (Sunday), and knows `L`, `W` and `#`.

When the clocks change, an expression whose minute or hour begins with `*` goes on by the time that really passes. Any
other one means a time of day: one that the clock skips comes at the change, one that it shows twice comes once, as cron
of Debian has it.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import chain, product
from typing import NamedTuple

import msgspec

from alula.core.errors import InvalidInput

LAST = -1
"""In place of a number: the last one of the month."""
SHOWN_CHARS = 100
YEARS_MOST = 9
"""29 February is never further away, though 2100 has none."""
ALIASES = {
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
    "years": "0 0 1 1 *",
    "monthly": "0 0 1 * *",
    "months": "0 0 1 * *",
    "weekly": "0 0 * * 0",
    "weeks": "0 0 * * 0",
    "daily": "0 0 * * *",
    "days": "0 0 * * *",
    "midnight": "0 0 * * *",
    "hourly": "0 * * * *",
    "hours": "0 * * * *",
}
"""With or without `@` before them."""
_FIX = "write five fields: minute hour day-of-month month day-of-week, such as `30 6 * * MON-FRI`"
_FIX_ALIAS = "the aliases are @yearly, @monthly, @weekly, @daily and @hourly"
_FIX_AWS = "write six fields: minute hour day-of-month month day-of-week year, such as `30 6 ? * MON-FRI *`"
_DAY = timedelta(days=1)


class Cron(msgspec.Struct, frozen=True):
    """A cron expression that was read."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    days: frozenset[int]
    """Of the month; `LAST` for its last."""
    weekdays: frozenset[int]
    """From 0, Sunday."""
    is_interval: bool
    """True if it follows the time that passes, not the clock, when the clocks change."""
    is_either_day: bool = False
    """True if one of day of month and day of week is enough."""
    weekdays_near: frozenset[int] = frozenset()
    """Days of the month, each for the nearest day from Monday to Friday; `LAST` for the last of the month."""
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    """Weekday, and its place among such days of the month: from 1, or `LAST`."""
    years: frozenset[int] | None = None
    """None for all."""
    zone: str = ""
    """The name of its time zone; empty if it names none."""

    def next_after(self, after: datetime, zone: tzinfo) -> datetime | None:
        """The first instant after `after`, in UTC; None if there is none any more."""
        local = after.astimezone(zone)
        day = local.date() - _DAY  # where clocks go back over midnight, a day goes on after the next has begun
        until = date(min(local.year + YEARS_MOST, max(self.years or (date.max.year,)), date.max.year - 1), 12, 31)
        while day <= until:
            if not self._has_month(day):
                day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
                continue
            found = self._first(day, after, zone)
            if found is not None:
                return found
            day += _DAY
        return None

    def _first(self, day: date, after: datetime, zone: tzinfo) -> datetime | None:
        """The first instant of a day after `after`; where the clock changes then, perhaps of the next."""
        if not _is_even(day, zone):
            instants = chain(self._instants(day, zone), self._instants(day + _DAY, zone))
            return min((at for at in instants if at > after), default=None)
        if not self._has_day(day):
            return None
        local = after.astimezone(zone)
        if local.date() > day:
            return None
        passed = (local.hour, local.minute) if local.date() == day else (-1, -1)
        for hour in self.hours[bisect_left(self.hours, passed[0]) :]:
            for minute in self.minutes:
                if (hour, minute) > passed:
                    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
        return None

    def _instants(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        """The instants at which the clock shows a named time on a day on which it may change; in no order."""
        if not (self._has_month(day) and self._has_day(day)):
            return
        for hour, minute in product(self.hours, self.minutes):
            shown = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            instant = shown.astimezone(UTC)
            is_skipped = instant.astimezone(zone).replace(tzinfo=None) != shown.replace(tzinfo=None)
            if not is_skipped:
                yield instant
                if self.is_interval:
                    yield shown.replace(fold=1).astimezone(UTC)
            elif not self.is_interval:
                yield _end_of_gap(shown)

    def _has_month(self, day: date) -> bool:
        return day.month in self.months and (self.years is None or day.year in self.years)

    def _has_day(self, day: date) -> bool:
        of_month, of_week = self._has_day_of_month(day), self._has_weekday(day)
        return of_month or of_week if self.is_either_day else of_month and of_week

    def _has_day_of_month(self, day: date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        if day.day in self.days or (LAST in self.days and day.day == last):
            return True
        return any(day.day == _nearest_weekday(day, wanted, last) for wanted in self.weekdays_near)

    def _has_weekday(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.weekdays or (weekday, (day.day + 6) // 7) in self.nth_weekdays:
            return True
        return (weekday, LAST) in self.nth_weekdays and (day + 7 * _DAY).month != day.month


def _is_even(day: date, zone: tzinfo) -> bool:
    """True if the clock changes neither on this day nor over its ends."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    return begins.utcoffset() == (begins + _DAY).replace(fold=1).utcoffset()


def _end_of_gap(skipped: datetime) -> datetime:
    """The instant at which the clock is set over a time that it does not show."""
    low, high = skipped.replace(fold=1).astimezone(UTC), skipped.astimezone(UTC)
    zone, after = skipped.tzinfo, high.astimezone(skipped.tzinfo).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def _nearest_weekday(day: date, wanted: int, last: int) -> int:
    """The day from Monday to Friday that is nearest to a day of the month, in the same month; 0 if there is none."""
    number = last if wanted == LAST else wanted
    if number > last:
        return 0
    weekday = date(day.year, day.month, number).isoweekday()
    if weekday == 6:
        return number - 1 if number > 1 else number + 2
    if weekday == 7:
        return number + 1 if number < last else number - 2
    return number


# Reading


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: Mapping[str, int] = {}


class _Part(NamedTuple):
    """A piece of the text, and the place at which it begins."""

    text: str
    at: int

    @property
    def is_restricted(self) -> bool:
        return not any(_ALL.fullmatch(item.text) for item in self.items())

    @property
    def begins_with_star(self) -> bool:
        return self.text.startswith("*")

    def items(self) -> list[_Part]:
        return [_Part(found[0], self.at + found.start()) for found in re.finditer(r"[^,]+|(?<=,)(?=,|$)", self.text)]


_ALL = re.compile(r"[*?](/1)?")
_ITEM = re.compile(r"(?P<all>[*?])(?:/(?P<step>\d+))?|(?P<low>\w+)(?:-(?P<high>\w+))?(?:/(?P<each>\d+))?")
_ZONE = re.compile(r"\s*(?:CRON_)?TZ=(\S*)")
_WRAPPED = re.compile(r"\s*cron\((.*)\)\s*", re.DOTALL | re.IGNORECASE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MINUTE, _HOUR, _DAY_OF_MONTH = _Field("minute", 0, 59), _Field("hour", 0, 23), _Field("day of month", 1, 31)
_MONTH = _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
_WEEKDAY = _Field("day of week", 0, 7, {name: number for number, name in enumerate(_WEEKDAYS)})
_WEEKDAY_AWS = _Field("day of week", 1, 7, {name: number for number, name in enumerate(_WEEKDAYS, 1)})
_YEAR = _Field("year", 1970, 2199)


def read_cron(text: str) -> Cron:
    """Read an expression of five fields, or an alias such as `@daily`; `CRON_TZ=<zone>` may stand before it.

    Raises `InvalidInput` code `InvalidSchedule`, which names the position of the mistake.

    >>> read_cron("CRON_TZ=Europe/Zurich 30 6 * * MON-FRI").hours
    (6,)
    """
    zone = _ZONE.match(text)
    if zone is not None and not zone[1]:
        raise _mistake(text, zone.end(), "no time zone is named")
    rest = _Part(text[zone.end() :] if zone else text, zone.end() if zone else 0)
    alias = rest.text.strip().lower()
    if alias.startswith("@every"):
        raise _mistake(text, text.index("@"), "`@every` is not a time of a clock", fix="use a fixed rate")
    if alias.startswith("@") and alias[1:] not in ALIASES:
        raise _mistake(text, text.index("@"), f"`{alias}` is no alias", fix=_FIX_ALIAS)
    cron = _read(text, _Part(ALIASES.get(alias.removeprefix("@"), rest.text), rest.at))
    if cron.next_after(datetime(2000, 1, 1, tzinfo=UTC), UTC) is None:
        raise _mistake(text, rest.at, "no month that it names has such a day")
    return msgspec.structs.replace(cron, zone=zone[1] if zone else "")


def _read(text: str, rest: _Part) -> Cron:
    minute, hour, day, month, weekday = _parts(text, rest, 5, _FIX)
    return Cron(
        text=text,
        minutes=tuple(sorted(_numbers(text, minute, _MINUTE))),
        hours=tuple(sorted(_numbers(text, hour, _HOUR))),
        days=frozenset(_numbers(text, day, _DAY_OF_MONTH)),
        months=frozenset(_numbers(text, month, _MONTH)),
        weekdays=frozenset(number % 7 for number in _numbers(text, weekday, _WEEKDAY)),
        is_either_day=day.is_restricted and weekday.is_restricted,
        is_interval=minute.begins_with_star or hour.begins_with_star,
    )


def read_aws_cron(text: str) -> Cron:
    """Read an expression of six fields as AWS has it, in `cron(...)` or without. Raises as `read_cron`."""
    wrapped = _WRAPPED.fullmatch(text)
    rest = _Part(wrapped[1], wrapped.start(1)) if wrapped else _Part(text, 0)
    minute, hour, day, month, weekday, year = _parts(text, rest, 6, _FIX_AWS)
    if day.is_restricted and weekday.is_restricted:
        raise _mistake(text, weekday.at, "day of month and day of week are both given", fix="write `?` for one of them")
    days: set[int] = set()
    weekdays_near: set[int] = set()
    for item in day.items():
        if item.text == "L":
            days.add(LAST)
        elif item.text[-1:] == "W":
            number = _Part(item.text[:-1], item.at)
            weekdays_near.add(LAST if number.text == "L" else _number(text, number, _DAY_OF_MONTH))
        else:
            days |= _range(text, item, _DAY_OF_MONTH)
    weekdays: set[int] = set()
    nth_weekdays: set[tuple[int, int]] = set()
    for item in weekday.items():
        if (nth := re.fullmatch(r"(\w+?)(?:#([1-5])|L)", item.text)) is not None:
            number = _number(text, _Part(nth[1], item.at), _WEEKDAY_AWS) - 1
            nth_weekdays.add((number, int(nth[2]) if nth[2] else LAST))
        else:
            weekdays |= {number - 1 for number in _range(text, item, _WEEKDAY_AWS)}
    return Cron(
        text=text,
        minutes=tuple(sorted(_numbers(text, minute, _MINUTE))),
        hours=tuple(sorted(_numbers(text, hour, _HOUR))),
        days=frozenset(days),
        weekdays_near=frozenset(weekdays_near),
        months=frozenset(_numbers(text, month, _MONTH)),
        weekdays=frozenset(weekdays),
        nth_weekdays=frozenset(nth_weekdays),
        years=frozenset(_numbers(text, year, _YEAR)) if year.is_restricted else None,
        is_interval=minute.begins_with_star or hour.begins_with_star,
    )


def _parts(text: str, rest: _Part, count: int, fix: str) -> list[_Part]:
    parts = [_Part(found[0], rest.at + found.start()) for found in re.finditer(r"\S+", rest.text)]
    if len(parts) != count:
        at = parts[count].at if len(parts) > count else len(text)
        raise _mistake(text, at, f"it has {len(parts)} fields, not {count}", fix=fix)
    return parts


def _numbers(text: str, part: _Part, field: _Field) -> set[int]:
    return {number for item in part.items() for number in _range(text, item, field)}


def _range(text: str, item: _Part, field: _Field) -> set[int]:
    """The numbers that one item of a field names."""
    found = _ITEM.fullmatch(item.text)
    if found is None:
        raise _mistake(text, item.at, f"`{item.text}` is no {field.name}")
    low, high = field.low, field.high
    if field is _WEEKDAY and (found["all"] or found["each"]):
        high = 6  # Sunday is not counted twice
    step = found["step"] or found["each"]
    if not found["all"]:
        low = _number(text, _Part(found["low"], item.at), field)
        if found["high"]:
            high = _number(text, _Part(found["high"], item.at + found.start("high")), field)
        elif step is None:
            high = low
    if low > high:
        raise _mistake(text, item.at, f"the range `{item.text}` of the {field.name} ends before it begins")
    if step is not None and int(step) == 0:
        raise _mistake(text, item.at + len(item.text) - len(step), f"a step of the {field.name} is 0")
    return set(range(low, high + 1, int(step or 1)))


def _number(text: str, part: _Part, field: _Field) -> int:
    named = field.names.get(part.text.upper())
    if named is not None:
        return named
    if not (part.text.isdecimal() and part.text.isascii()):
        raise _mistake(text, part.at, f"`{part.text}` is no {field.name}")
    if len(part.text) > 4 or not field.low <= int(part.text) <= field.high:
        raise _mistake(text, part.at, f"the {field.name} `{part.text}` is not from {field.low} to {field.high}")
    return int(part.text)


def _mistake(text: str, at: int, what: str, *, fix: str = _FIX) -> InvalidInput:
    shown = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
    return InvalidInput("InvalidSchedule", f"`{shown}` is no cron expression: {what}, at character {at + 1}", fix=fix)
