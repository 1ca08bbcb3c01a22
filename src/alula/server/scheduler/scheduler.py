"""The scheduler: starts the runs of launch plans at the times of their schedules. A duty of `leadership`.

Theory of operation. A row of the store names for each active schedule the last fire that was dealt with, those that
wait, and when it is to be looked at next. All fires since then are worked out from the schedule
(`core/policy/schedule`). So one that was missed, because no platform ran or the store could not be reached, is made up
for. What becomes of each is decided by `core/policy/firing`.

* A run is launched in the transaction that notes its fire in the row, under the lease. So a fire starts one run, at
  whichever point a scheduler dies, and a scheduler that has lost the lease starts none. The row has to be as it was
  read: a plan that was deactivated or paused meanwhile starts nothing.
* What is skipped is told by the audit trail, in the same transaction, and by the log.
* A fire whose launch is refused is skipped: the next one may do better. So is one whose run exists: its name follows
  from plan, version and time.
* Schedules are followed many at a time, as each waits for commits that many can share.
* An error that belongs to one schedule is an incident. That schedule is left alone for a minute; the others go on.
* Times are those of this machine's clock. One that is set back makes schedules wait, and one that is set forward starts
  runs early: no fire comes twice, and none is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from alula.server import incidents
from alula.server.measures import Reading
from alula.server.scheduler.following import FIRES, Following, Outcomes, Tell
from alula.server.scheduler.plans import Plans
from alula.server.services.platform import Platform
from alula.server.store.leases import Lease, is_lost
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.trouble import passes

LOOK_EVERY_S = 1.0
"""A schedule that another process activates is noticed after this time."""
RETRY_US = 60_000_000
"""How long a schedule that failed is left alone."""
PORTION = 200
"""Schedules that are read and followed at once."""


class Scheduler:
    """A duty: call it under the lease to start the runs that are due."""

    def __init__(self, platform: Platform, *, catch_up_max: int, tell: Tell | None = None) -> None:
        """`tell` hears of what is skipped."""
        self._tell = tell
        self._platform = platform
        self._catch_up_max = catch_up_max
        self._plans = Plans(platform.store.entities)
        self._outcomes = Outcomes()

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        schedules = self._platform.store.schedules
        while due := await schedules.due(self._platform.clock(), limit=PORTION):
            await self._follow_all(lease, due)
        next_due = await schedules.next_due()
        if next_due is None:
            return LOOK_EVERY_S
        return max(0.0, min(LOOK_EVERY_S, (next_due - self._platform.clock()) / 1_000_000))

    def measure(self) -> Iterable[Reading]:
        """Counts of the fires that were started and skipped."""
        yield Reading(FIRES, {("started",): self._outcomes.started, ("skipped",): self._outcomes.skipped})

    async def _follow_all(self, lease: Lease, due: Iterable[ScheduleRecord]) -> None:
        """Follow schedules. Raises the first error that concerns all of them, when each has come to its end."""
        work = [self._try_to_follow(lease, record) for record in due]
        for error in await asyncio.gather(*work, return_exceptions=True):
            if error is not None:
                raise error

    async def _try_to_follow(self, lease: Lease, record: ScheduleRecord) -> None:
        """Follow one schedule. An error that belongs to it holds up no other one, and loses none of its fires."""
        try:
            plan = await self._plans.of(record)
            await Following(self._platform, plan, lease, self._outcomes, self._catch_up_max, self._tell).follow(record)
        except Exception as error:
            if passes(error) or is_lost(error):
                raise
            incidents.report(error, f"in the schedule of launch plan {record.plan}; it is followed again later")
            later = self._platform.clock() + RETRY_US
            await self._platform.store.schedules.follow(lease, record, record.looked_at_again(later))
