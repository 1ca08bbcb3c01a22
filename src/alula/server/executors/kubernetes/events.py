"""The events of an object. Some say what its status does not: a volume that is missing, a network that fails.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from alula.server.executors.kubernetes.objects import ListMetadata

_NEVER = datetime.fromtimestamp(0, UTC)


class Involved(msgspec.Struct, frozen=True):
    """The object that an event is of."""

    uid: str = ""


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One kind of thing that has happened to an object, maybe many times."""

    type: str = ""
    reason: str = ""
    message: str = ""
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    involved_object: Involved = Involved()

    @property
    def at(self) -> datetime:
        return self.last_timestamp or self.event_time or _NEVER


class Events(msgspec.Struct, frozen=True):
    """A page of a list."""

    metadata: ListMetadata = ListMetadata()
    items: tuple[Event, ...] = ()


def latest_warnings(events: Iterable[Event]) -> dict[str, str]:
    """The newest trouble of each object that has any, by uid, in one line."""
    newest: dict[str, Event] = {}
    for event in events:
        uid = event.involved_object.uid
        if event.type == "Warning" and (uid not in newest or event.at > newest[uid].at):
            newest[uid] = event
    return {uid: f"{event.reason}: {event.message}" for uid, event in newest.items()}
