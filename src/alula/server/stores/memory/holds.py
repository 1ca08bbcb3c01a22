"""Reservations that clients make, which end by time."""

from __future__ import annotations

from alula.server.store.audits import Audit
from alula.server.store.holds import Hold
from alula.server.store.leases import Lease
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases


class Holds:
    def __init__(self, audits: Audits, leases: Leases) -> None:
        self._audits = audits
        self._leases = leases
        self._rows: dict[str, Hold] = {}

    async def take(self, wanted: Hold, audit: Audit, *, now: int) -> Hold:
        before = self._rows.get(wanted.name)
        if before is not None and before.owner != wanted.owner and before.expires_at > now:
            return before
        self._rows[wanted.name] = wanted
        if before is None or before.owner != wanted.owner:
            self._audits.append(audit)
        return wanted

    async def release(self, name: str, owner: str, audit: Audit) -> None:
        before = self._rows.get(name)
        if before is not None and before.owner == owner:
            del self._rows[name]
            self._audits.append(audit)

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        self._leases.require(lease)
        expired = [name for name, hold in self._rows.items() if hold.expires_at <= self._leases.now()][:limit]
        for name in expired:
            del self._rows[name]
        return len(expired)
