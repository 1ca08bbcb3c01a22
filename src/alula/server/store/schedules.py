"""Schedules of active launch plans, and how far each has been followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease


class ScheduleRecord(msgspec.Struct, frozen=True):
    """The schedule of the active version of a launch plan. It comes and goes with the activation of the plan."""

    plan: EntityId
    principal: str
    """The one that activated the plan, on whose behalf its runs are launched."""
    since: int
    """The time of the activation."""
    followed_until: int
    """The fire that was last dealt with; `since` at first."""
    due_at: int
    """The next fire."""


class Schedules(Protocol):
    async def due(self, now: int, *, limit: int) -> list[ScheduleRecord]:
        """Schedules whose next fire is not after `now`, the earliest first."""
        ...

    async def next_due(self) -> int | None:
        """The earliest next fire of all, None if there is no schedule."""
        ...

    async def of(self, project: str, domain: str, name: str) -> ScheduleRecord | None:
        """The schedule of the active version of a launch plan, None if it has none."""
        ...

    async def follow(
        self, lease: Lease, plan: EntityId, *, until: int, due_at: int | None, audits: Sequence[Audit] = ()
    ) -> bool:
        """Note that the fires up to `until` were dealt with and which one is next; with None the schedule ends.

        `audits` tell of fires that were skipped. False if that version of the plan is not active any more; then nothing
        is written. Raises `LeaseLost`.
        """
        ...
