"""Leases by name."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alula.server.store.leases import Lease, lease_lost


class _Held(msgspec.Struct):
    holder: str
    term: int
    until: int


class Leases:
    def __init__(self, clock: Callable[[], int]) -> None:
        self.now = clock
        self._rows: dict[str, _Held] = {}

    async def claim(self, name: str, holder: str, *, lease_us: int) -> Lease:
        now = self.now()
        held = self._rows.setdefault(name, _Held("", 0, 0))
        if held.until <= now:
            held.holder, held.term, held.until = holder, held.term + 1, now + lease_us
        return Lease(name, held.holder, held.term, held.until - now)

    async def renew(self, lease: Lease, *, lease_us: int) -> Lease | None:
        now = self.now()
        held = self._rows.get(lease.name)
        if held is None or (held.holder, held.term) != (lease.holder, lease.term) or held.until <= now:
            return None
        held.until = now + lease_us
        return msgspec.structs.replace(lease, left_us=lease_us)

    async def release(self, holder: str | None, name: str | None = None) -> None:
        for each, held in self._rows.items():
            if holder in (None, held.holder) and name in (None, each):
                held.holder, held.until = "", 0

    def require(self, lease: Lease) -> None:
        """Raise `LeaseLost` if another was given it since."""
        held = self._rows.get(lease.name)
        if held is None or (held.holder, held.term) != (lease.holder, lease.term):
            raise lease_lost(lease)
