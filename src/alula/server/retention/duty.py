"""The duty to remove runs by the rules of retention, in small portions; and what else goes by its age (`aging.py`).

* A run *begins* to be removed in one transaction, in which its row goes: it is there, or not. What needs it is asked
  once more in that transaction, and what begins to need it waits for the end of it.
* Then its objects go, then the rest of its rows, then the removal is finished. Each step can be done again, so a
  process that dies leaves what the next one goes on with, first of all.
* Data of its attempts that something still names is left, and noted as such. It is looked at again whenever other data
  is, and when another process takes the duty over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from alula.core.ids import ExecutionId
from alula.core.policy.retention import DAY_US
from alula.server.identity import SYSTEM
from alula.server.measures import Metric, Reading
from alula.server.retention.aging import Aging
from alula.server.retention.code import CodeRemoval
from alula.server.retention.options import RetentionOptions
from alula.server.services import layout
from alula.server.services.marking import DATA, still_named
from alula.server.services.platform import Platform
from alula.server.services.retention import survey
from alula.server.services.run_objects import data_prefixes, removal_of
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.removals import Removal

AT_ONCE = 20
"""Runs whose removal begins in one transaction."""
BATCH = 500
"""Runs that are removed together: what still names their data is looked for once."""
ROWS = 500
"""Rows that one transaction removes."""
PAUSE_S = 0.005
"""The time between two transactions that is left to others."""
REMOVED = Metric("alula_runs_removed_total", "counter", "Runs that were removed by a rule of retention.", ("rule",))


class Retention:
    """A duty: call it under the lease to do all that is due."""

    def __init__(self, platform: Platform, options: RetentionOptions) -> None:
        self._platform = platform
        self._store = platform.store
        self._options = options
        self._aging = Aging(platform)
        self._code = CodeRemoval(platform)
        self._removed = Counter[str]()
        self._term = -1
        """The term of the lease in which data that was left was looked at last, -1 if it is to be looked at anew."""

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to do it again."""
        await self._code(lease)
        if await self._aging(lease):
            self._term = -1
        await self._finish(lease)
        found = await survey(self._platform)
        going = iter(found.going.items())
        while batch := list(islice(going, BATCH)):
            await self._begin(lease, batch)
            await self._finish(lease)
        await self._forget(lease)
        return self._options.every_s

    def measure(self) -> Iterable[Reading]:
        """Counts of what this process has removed."""
        of_runs = (rule.name for rule in self._options.rules if rule.of == "runs")
        yield Reading(REMOVED, {(name,): self._removed[name] for name in of_runs})
        yield from self._aging.measure()

    async def _begin(self, lease: Lease, runs: Sequence[tuple[ExecutionId, str]]) -> None:
        for first in range(0, len(runs), AT_ONCE):
            removals = [await self._removal(*run) for run in runs[first : first + AT_ONCE]]
            audited = [(removal, self._audit(removal)) for removal in removals if removal is not None]
            begun = set(await self._store.removals.begin(lease, audited))
            self._removed.update(removal.rule for removal, _ in audited if removal.id in begun)
            await asyncio.sleep(PAUSE_S)

    async def _removal(self, id: ExecutionId, rule: str) -> Removal | None:
        record = await self._store.executions.get(id)
        return None if record is None else removal_of(record, rule, self._platform.clock())

    def _audit(self, removal: Removal) -> Audit:
        id = removal.id
        target, detail = f"execution {id}", f"rule {removal.rule}"
        return self._platform.audit(SYSTEM, "remove", target, project=id.project, domain=id.domain, detail=detail)

    async def _finish(self, lease: Lease) -> None:
        """Go on with what has begun to its end."""
        going = await self._store.removals.unfinished(limit=2 * BATCH)
        prefixes = [
            prefix for removal in going async for prefix in data_prefixes(self._store, self._platform.blobs, removal)
        ]
        await self._remove_data(lease, prefixes, ignoring={removal.id for removal in going})
        for removal in going:
            await self._remove(lease, removal)

    async def _remove_data(self, lease: Lease, prefixes: list[str], *, ignoring: set[ExecutionId]) -> None:
        """Remove data of attempts, as far as nothing names it; with it what was left before."""
        if not prefixes and self._term == lease.term:
            return
        self._term = lease.term
        left = await self._left()
        folders = {prefix.rpartition("/")[2]: prefix for prefix in (*prefixes, *left)}
        found = await still_named(self._store, self._platform.blobs, folders, DATA, ignoring=ignoring)
        named = {folders[name] for name in found}
        await self._store.removals.leave(lease, sorted(named.difference(left)))
        for prefix in {*prefixes, *left} - named:
            await self._platform.blobs.delete(prefix)
        gone = sorted(left - named)
        for first in range(0, len(gone), ROWS):
            await self._store.removals.forget_left(lease, gone[first : first + ROWS])

    async def _left(self) -> set[str]:
        left: set[str] = set()
        last = ""
        while page := await self._store.removals.left(last, limit=ROWS):
            left.update(page)
            last = page[-1]
        return left

    async def _remove(self, lease: Lease, removal: Removal) -> None:
        """Remove all that is left of a run but the data of its attempts."""
        folder = layout.run_prefix(self._platform.blobs, removal.id, incarnation=removal.incarnation)
        await self._platform.blobs.delete(folder)
        while await self._store.removals.remove_rows(lease, removal.id, limit=ROWS) == ROWS:
            await asyncio.sleep(PAUSE_S)
        await self._store.removals.finish(lease, removal)

    async def _forget(self, lease: Lease) -> None:
        before = self._platform.clock() - round(self._options.remember_days * DAY_US)
        while await self._store.removals.forget(lease, before, limit=ROWS):
            await asyncio.sleep(PAUSE_S)
