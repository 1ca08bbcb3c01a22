"""The lease of a runner: the time for which others take it for alive, and leave alone what it owns.

Leases go by the store's clock, as the wall clocks of machines differ, and jump. In between the monotonic clock of this
process says how much of the lease has passed.
"""

from __future__ import annotations

import asyncio

from alula.server.store import Store

LEASE_US = 30_000_000
"""The time for which others take a silent runner for alive."""
LEASE_MARGIN = 10
"""The part of a lease before its end in which nothing is begun that relies on it."""


class Lease:
    """The lease of `owner`. After it has lapsed, `hold` says that all that happened meanwhile is known."""

    def __init__(self, store: Store, owner: str, length_us: int) -> None:
        self.owner = owner
        self.length_us = length_us
        self._store = store
        self._store_ahead_us = 0
        """The lead of the store's clock on the monotonic one when the lease was renewed last."""
        self._renewed_until_us = 0
        """Its end by the monotonic clock: then others may take over all that is owned here."""
        self._held_until_us = 0
        """The same, as long as it has not ended since ownership was last compared with the store."""

    @property
    def renew_every_s(self) -> float:
        return self.length_us / 3_000_000

    @property
    def left_s(self) -> float:
        """The time for which others still take its owner for alive, in seconds."""
        return max(0, self._renewed_until_us - _monotonic_us()) / 1_000_000

    @property
    def now_us(self) -> int:
        """The time by the store's clock."""
        return _monotonic_us() + self._store_ahead_us

    async def renew(self) -> int:
        """Make it last from now. Returns its end, for `hold`. Raises what the store does."""
        began_us = _monotonic_us()
        self._store_ahead_us = await self._store.now() - _monotonic_us()
        await self._store.ownership.renew(self.owner, now=self.now_us, lease_us=self.length_us)
        self._renewed_until_us = began_us + self.length_us - self.length_us // LEASE_MARGIN
        if not self.has_lapsed():
            self._held_until_us = self._renewed_until_us
        return self._renewed_until_us

    def hold(self, until_us: int) -> None:
        """Rely on it again until then: executions that others took over before do not count as owned any more."""
        self._held_until_us = until_us

    def has_lapsed(self) -> bool:
        """True if another runner may have taken over executions that are owned here: this one stood still, or the store
        did. Until that is known, no attempt is started: the other may be done with it."""
        return asyncio.get_running_loop().time() * 1_000_000 >= self._held_until_us  # asked for each attempt


def _monotonic_us() -> int:
    return round(asyncio.get_running_loop().time() * 1_000_000)
