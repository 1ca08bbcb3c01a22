"""Reservations that clients make, which end by time."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.expiring import Expiring


class Hold(msgspec.Struct, frozen=True):
    """A client's reservation: until `expires_at` by the store's clock nobody else can have it."""

    name: str
    owner: str
    heartbeat_us: int
    expires_at: int


class Holds(Expiring, Protocol):
    """Those that have expired can be removed."""

    async def take(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        """Take or extend a reservation, unless another owner has it and it has not expired at `now`. The reservation
        that holds then, whoever has it. Extending it is not audited."""
        ...

    async def release(self, name: str, owner: str, audit: Audit) -> None:
        """Fine where it is somebody else's, or nobody's."""
        ...
