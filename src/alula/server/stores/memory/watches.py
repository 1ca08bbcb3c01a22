"""Watches over objects, and sightings of these."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.ids import Place, watch_id
from alula.core.policy.watching import Sighting
from alula.server.store.leases import Lease
from alula.server.store.trigger_records import TriggerRecord
from alula.server.store.watches import WatchRecord
from alula.server.stores.memory.leases import Leases


class Watches:
    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._rows: dict[str, WatchRecord] = {}
        self._ended: list[str] = []
        self._sightings: dict[tuple[str, str], Sighting] = {}

    async def of(self, project: str, domain: str, name: str) -> WatchRecord | None:
        return next((row for row in await self.within(Place(project, domain)) if row.name == name), None)

    async def within(self, place: Place) -> list[WatchRecord]:
        rows = (row for row in self._rows.values() if Place(row.project, row.domain) == place)
        return sorted((row for row in rows if row.id not in self._ended), key=lambda row: row.name)

    async def sightings(self, watch: str, after: str, *, limit: int) -> list[Sighting]:
        later = sorted(uri for of, uri in self._sightings if of == watch and uri > after)
        return [self._sightings[watch, uri] for uri in later[:limit]]

    async def note(self, lease: Lease, watch: str, put: Sequence[Sighting], gone: Sequence[str]) -> None:
        self._leases.require(lease)
        if watch not in self._rows or watch in self._ended:
            return
        self._sightings.update({(watch, each.uri): each for each in put})
        for uri in gone:
            self._sightings.pop((watch, uri), None)

    async def update(self, lease: Lease, watch: WatchRecord) -> None:
        self._leases.require(lease)
        if (row := self._rows.get(watch.id)) is not None:
            self._rows[watch.id] = msgspec.structs.replace(
                row,
                first_pass_at=watch.first_pass_at,
                trouble=watch.trouble,
                forgotten_until=watch.forgotten_until,
            )

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        self._leases.require(lease)
        if not self._ended:
            return 0
        some = [key for key in self._sightings if key[0] == self._ended[0]][:limit]
        for key in some:
            del self._sightings[key]
        if not some:
            del self._rows[self._ended.pop(0)]
        return len(some) or 1

    def begin(self, trigger: TriggerRecord) -> None:
        """Watch for a trigger."""
        project, domain, name, _ = trigger.plan
        since = trigger.since
        while (id := watch_id(project, domain, name, since)) in self._rows:
            since += 1
        self._rows[id] = WatchRecord(id, project, domain, name, since)

    def end(self, project: str, domain: str, name: str) -> None:
        """Watch no more."""
        for row in self._rows.values():
            if (row.project, row.domain, row.name) == (project, domain, name) and row.id not in self._ended:
                self._ended.append(row.id)
