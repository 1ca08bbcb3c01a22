"""Triggers of active launch plans: their rows, their firings, and the runs that these start."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from alula.core.ids import ExecutionId
from alula.server.store.query import Query
from alula.server.store.schedules import Launch
from alula.server.store.trigger_records import FiringRecord, TriggerRecord

RUN_ENDS = "triggers"
"""The consumer of the outbox that hears of the ends of runs. It is registered while a trigger waits for any, in the
transactions by which triggers come and go."""


class Fired(Enum):
    """The outcome of noting a firing."""

    DONE = "done"
    SEEN = "seen"
    """The cause was dealt with before. Nothing was written."""
    EXISTS = "exists"
    """There is a run of that name. Nothing was written."""
    INACTIVE = "inactive"
    """The version of the plan is not active any more. Nothing was written."""


class Triggers(Protocol):
    async def of(self, project: str, domain: str, name: str) -> TriggerRecord | None:
        """The trigger of the active version of a launch plan, None if it has none."""
        ...

    async def watching(self, watched: Sequence[str]) -> list[TriggerRecord]:
        """Those that wait for one of these things, by name of their plan."""
        ...

    async def page(self, query: Query) -> list[TriggerRecord]: ...

    async def firings(self, query: Query) -> list[FiringRecord]: ...

    async def firing(self, project: str, domain: str, name: str, cause: str, *, seal: str = "") -> FiringRecord | None:
        """What became of a cause at the trigger of a launch plan, or of one with this seal; None if it was not dealt
        with."""
        ...

    async def caused_by(self, run: ExecutionId, query: Query) -> list[FiringRecord]:
        """The firings that the end of a run has caused."""
        ...

    async def fire(self, firing: FiringRecord, *, launch: Launch | None = None) -> Fired:
        """Note what becomes of a cause, and start the run, in one transaction."""
        ...
