"""Time zones by name, from the database of the system or of the `tzdata` package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from alula.core.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of(name: str) -> tzinfo:
    """The zone of a name such as `Europe/Zurich`, UTC for none. Raises `InvalidInput` code `UnknownTimeZone`."""
    if not name:
        return UTC
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    from difflib import get_close_matches  # lazy: only for an error

    close = get_close_matches(name, known, n=1)
    fix = f"did you mean `{close[0]}`?" if close else "use a name of the IANA database, such as `Europe/Zurich`"
    raise InvalidInput("UnknownTimeZone", f"there is no time zone `{name[:100]}`", fix=fix)


def time_us(time: datetime, zone: tzinfo) -> int:
    """A time in microseconds since 1970. One without an offset is in this zone."""
    return ((time if time.tzinfo else time.replace(tzinfo=zone)) - _EPOCH) // timedelta(microseconds=1)
