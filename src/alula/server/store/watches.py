"""What is remembered of the objects that triggers wait for: a watch for each, and the sightings of its objects.

A watch begins and ends with its trigger, in the same transaction. It goes on with the next version of a launch plan if
that waits for the same objects, so that none is overlooked between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from alula.core.ids import Place
from alula.core.policy.watching import Sighting
from alula.server.store.expiring import Expiring
from alula.server.store.leases import Lease


class WatchRecord(msgspec.Struct, frozen=True):
    """A trigger's watch over objects."""

    id: str
    project: str
    domain: str
    name: str
    """The launch plan."""
    since: int
    """The time of the activation."""
    first_pass_at: int | None = None
    """The end of the first pass over the objects."""
    trouble: str = ""
    """The reason why they can't be looked at now."""
    forgotten_until: int = 0
    """Objects that were last changed until then and have no sighting were dealt with."""


class Watches(Expiring, Protocol):
    """The sightings of watches that have ended can be removed, and then the watches."""

    async def of(self, project: str, domain: str, name: str) -> WatchRecord | None:
        """The watch of the trigger of a launch plan."""
        ...

    async def within(self, place: Place) -> list[WatchRecord]:
        """Those of all triggers of a project and domain."""
        ...

    async def sightings(self, watch: str, after: str, *, limit: int) -> list[Sighting]:
        """The first `limit` whose URIs come after one, in order."""
        ...

    async def note(self, lease: Lease, watch: str, put: Sequence[Sighting], gone: Sequence[str]) -> None:
        """Write sightings and remove those of these URIs; nothing if the watch has ended. Raises `LeaseLost`."""
        ...

    async def update(self, lease: Lease, watch: WatchRecord) -> None:
        """Write the end of its first pass, its trouble, and until when it has forgotten. Raises `LeaseLost`."""
        ...
