"""The events of an object. Some say what its status does not: a volume that is missing, a network that fails.

Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

_NEVER = datetime.fromtimestamp(0, UTC)


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One kind of thing that has happened to an object, maybe many times."""

    type: str = ""
    reason: str = ""
    message: str = ""
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def at(self) -> datetime:
        return self.last_timestamp or self.event_time or _NEVER


class Events(msgspec.Struct, frozen=True):
    items: tuple[Event, ...] = ()


def latest_warning(events: Events) -> str:
    """The newest trouble, in one line; empty if there is none."""
    warnings = [each for each in events.items if each.type == "Warning"]
    newest = max(warnings, key=lambda each: each.at, default=None)
    return f"{newest.reason}: {newest.message}" if newest is not None else ""
