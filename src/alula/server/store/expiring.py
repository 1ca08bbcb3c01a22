"""Rows that mean nothing any more: they have expired, their execution has ended, or their consumer was forgotten.
Removing them changes no answer. One process removes them for all, in portions (`server/maintenance.py`)."""

from __future__ import annotations

from typing import Protocol

from alula.server.store.leases import Lease


class Expiring(Protocol):
    """A concern that has such rows."""

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        """Remove at most so many of them, and return how many there were. `lease` is the one under which that is done:
        raises `FailedPrecondition` code `LeaseLost`, with nothing removed, if it was given to another since."""
        ...
