"""Removal of code that nothing names.

It begins in a transaction that refuses what a client has asked for lately (`store/uploads.py`). From then on the code
can't be asked for until it is gone, so a process that dies leaves what the next one goes on with, first of all.
"""

from __future__ import annotations

import asyncio

from alula.core.policy.retention import DAY_US, LEAST_DAYS
from alula.server.identity import SYSTEM
from alula.server.services.code_uploads import OldCode, unnamed_code
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease

AT_ONCE = 50
"""Uploads whose removal begins in one transaction."""
PORTION = 500
PAUSE_S = 0.005
"""The time between two transactions that is left to others."""


class CodeRemoval:
    """Call it under the lease to remove all that is due."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._uploads = platform.store.uploads

    async def __call__(self, lease: Lease) -> None:
        await self._finish(lease)
        found = sorted(await unnamed_code(self._platform), key=lambda each: each.limit.before)
        for first in range(0, len(found), AT_ONCE):
            some = found[first : first + AT_ONCE]
            # The earliest of their limits: what was asked for after it goes in a later round.
            await self._uploads.begin(lease, [(each.uri, self._audit(each)) for each in some], some[0].limit.before)
            await self._finish(lease)
        await self._forget(lease)

    async def _finish(self, lease: Lease) -> None:
        while going := await self._uploads.going(limit=PORTION):
            for uri in going:
                await self._platform.blobs.delete(uri)
            await self._uploads.finish(lease, going)
            await asyncio.sleep(PAUSE_S)

    async def _forget(self, lease: Lease) -> None:
        """Forget what was asked for so long ago that no rule asks for it."""
        rules = [rule.keep_days for rule in self._platform.retention_rules if rule.of == "code"]
        days = max((LEAST_DAYS["code"], *(days for days in rules if days is not None)))
        before = self._platform.clock() - round(days * DAY_US)
        while await self._uploads.forget(lease, before, limit=PORTION):
            await asyncio.sleep(PAUSE_S)

    def _audit(self, code: OldCode) -> Audit:
        place = code.limit.place
        target, detail = f"code {code.uri}", f"rule {code.limit.rule}"
        return self._platform.audit(SYSTEM, "remove", target, project=place.project, domain=place.domain, detail=detail)
