"""Notices: what people and programs are to be told, one row for each receiver, until long after it was delivered."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.listing import Listing, member, number, text, time
from alula.server.store.query import Query


class NoticeState(IntEnum):
    """How far a notice is."""

    PENDING = 1
    """It is to be delivered, at the first try or after others."""
    SENT = 2
    DEAD = 3
    """It could not be delivered, and nobody tries again until somebody asks for that."""
    LIMITED = 4
    """Its rule had told as much as it may. It is not delivered."""


class Notice(msgspec.Struct, frozen=True):
    """One message for one receiver."""

    id: str
    """Follows from rule, receiver and occasion, so that each occasion is told once."""
    rule: str
    channel: str
    project: str
    domain: str
    subject: str
    """The thing that it is about: `execution p/d/name`."""
    occasion: str
    """`FAILED`, `LATE` ..."""
    body: bytes
    """All that is needed to write the message."""
    created_at: int
    state: NoticeState = NoticeState.PENDING
    tries: int = 0
    due_at: int | None = None
    """The time of the next try, None if there is none."""
    ended_at: int | None = None
    """The time at which it was delivered or given up."""
    error: str = ""
    """The reason why the last try failed."""


NOTICES: Listing[Notice] = Listing(
    fields={
        "id": text("id"),
        "rule": text("rule"),
        "channel": text("channel"),
        "project": text("project"),
        "domain": text("domain"),
        "subject": text("subject"),
        "occasion": text("occasion"),
        "state": member("state", NoticeState),
        "tries": number("tries"),
        "created_at": time("created_at"),
    },
    identity=("id",),
)


class Notices(Protocol):
    async def add(self, notices: Sequence[Notice]) -> int:
        """Keep those that are new, and return their number."""
        ...

    async def due(self, now: int, *, limit: int) -> list[Notice]:
        """Notices to be delivered now, those that have waited longest first."""
        ...

    async def next_due(self) -> int | None:
        """The earliest time of a next try, None if there is none."""
        ...

    async def get(self, id: str) -> Notice | None: ...

    async def page(self, query: Query) -> list[Notice]: ...

    async def settle(self, lease: Lease, notice: Notice) -> None:
        """Note how far one is. Fine if it was removed meanwhile. Raises `LeaseLost`."""
        ...

    async def resend(self, id: str, *, now: int, audit: Audit) -> bool:
        """Have one delivered once more, at once. False if there is none."""
        ...
