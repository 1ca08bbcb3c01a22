"""Following the schedules of active launch plans: their rows, and the runs that their fires start."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease
from alula.server.store.query import Query
from alula.server.store.schedule_records import ScheduleRecord


class Launch(NamedTuple):
    """A run that a fire starts, with the first event of its log and the audit."""

    execution: ExecutionRecord
    event: bytes
    audit: Audit


class Followed(Enum):
    """The outcome of a step by which a schedule is followed."""

    DONE = "done"
    CHANGED = "changed"
    """The plan is not active any more, is paused, or was followed by another one meanwhile. Nothing was written."""
    EXISTS = "exists"
    """There is a run of that name. Nothing was written."""


class Schedules(Protocol):
    async def due(self, now: int, *, limit: int) -> list[ScheduleRecord]:
        """Schedules that are to be looked at, the earliest first."""
        ...

    async def next_due(self) -> int | None:
        """The earliest time at which one is to be looked at, None if there is no such schedule."""
        ...

    async def of(self, project: str, domain: str, name: str) -> ScheduleRecord | None:
        """The schedule of the active version of a launch plan, None if it has none."""
        ...

    async def page(self, query: Query) -> list[ScheduleRecord]: ...

    async def follow(
        self,
        lease: Lease,
        before: ScheduleRecord,
        after: ScheduleRecord,
        *,
        launch: Launch | None = None,
        audits: Sequence[Audit] = (),
    ) -> Followed:
        """Note that a schedule is as in `after`, and start the run of a fire, in one transaction.

        `audits` tell of fires that were skipped. `before` is the row as it was read. Raises `LeaseLost`.
        """
        ...

    async def pause(self, before: ScheduleRecord, after: ScheduleRecord, audit: Audit) -> bool:
        """Pause or resume one. False if it was changed since it was read; then nothing is written."""
        ...
