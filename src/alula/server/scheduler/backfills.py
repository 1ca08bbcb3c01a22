"""Backfills: starts the runs of their slots. A duty of `leadership`.

Theory of operation. A backfill has a row, and one for each slot. A look notes which runs have ended, asks
`core/policy/backfilling` what is next, and does that.

* A run is launched in the transaction that notes it in the rows, under the lease. The row of the backfill has to be as
  it was read. So a slot starts one run, at whichever point a process dies; no more runs are open than may be; and a
  backfill that was paused or cancelled meanwhile starts nothing.
* The names of runs follow from plan or backfill and slot. A run that somebody else has started meanwhile is left as it
  is.
* A slot whose launch is refused has failed. An error that belongs to one backfill is an incident. That backfill is left
  alone for a minute; the others go on.
* It looks when a run that it waits for has ended, and every second, as news is a hint.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from alula.core.ids import ExecutionId
from alula.server import incidents
from alula.server.measures import Metric, Reading
from alula.server.scheduler.advancing import Advancing, Open
from alula.server.services.platform import Platform
from alula.server.store.backfill_records import BackfillRecord
from alula.server.store.leases import Lease, is_lost
from alula.server.store.news import News
from alula.server.trouble import passes

LOOK_EVERY_S = 1.0
RETRY_US = 60_000_000
"""How long a backfill that failed is left alone."""
SLOTS = Metric("alula_backfill_runs_total", "counter", "Runs of backfills that this process has started.")


@dataclass(slots=True)
class _Followed:
    """What this process remembers of a backfill; nothing is lost with it."""

    open: Open
    left_alone_until: int = 0


class Backfills:
    """A duty: call it under the lease to go on with all backfills."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._followed: dict[ExecutionId, _Followed] = {}
        self._started = 0

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        records = await self._platform.store.backfills.open()
        self._followed = {record.id: self._followed.get(record.id) or _Followed(Open()) for record in records}
        of_plans = defaultdict[tuple[str, ...], list[BackfillRecord]](list)
        for record in records:
            of_plans[record.plan[:3]].append(record)
        work = [self._advance_all(lease, of_plan) for of_plan in of_plans.values()]
        for error in await asyncio.gather(*work, return_exceptions=True):
            if error is not None:
                raise error
        return LOOK_EVERY_S

    def awaits(self, news: News) -> bool:
        """True if this is the end of a run that a backfill waits for."""
        if news.phase is None or not news.phase.is_terminal:
            return False
        return any(news.execution in each.open.runs for each in self._followed.values())

    def measure(self) -> Iterable[Reading]:
        """The count of the runs that were started."""
        yield Reading(SLOTS, {(): self._started})

    async def _advance_all(self, lease: Lease, records: Iterable[BackfillRecord]) -> None:
        """Go on with backfills of one plan, one after the other: they share its limit on open runs."""
        for record in records:
            await self._try_to_advance(lease, record, self._followed[record.id])

    async def _try_to_advance(self, lease: Lease, record: BackfillRecord, followed: _Followed) -> None:
        """Go on with one backfill. An error that belongs to it holds up no other one."""
        if self._platform.clock() < followed.left_alone_until:
            return
        advancing = Advancing(self._platform, lease, followed.open)
        try:
            await advancing.advance(record)
        except Exception as error:
            if passes(error) or is_lost(error):
                raise
            incidents.report(error, f"in backfill {record.id}; it goes on later")
            followed.left_alone_until = self._platform.clock() + RETRY_US
        finally:
            self._started += advancing.started
