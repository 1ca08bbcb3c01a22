"""Schedules of active launch plans: a row tells how far one has been followed."""

from __future__ import annotations

import msgspec

from alula.core.ids import EntityId
from alula.server.store.listing import Listing, number, text, time


class ScheduleRecord(msgspec.Struct, frozen=True):
    """The schedule of the active version of a launch plan. It comes and goes with the activation of the plan."""

    plan: EntityId
    principal: str
    """The one that activated the plan, on whose behalf its runs are launched."""
    since: int
    """The time of the activation."""
    followed_until: int
    """The fire that was last dealt with; `since` at first."""
    due_at: int | None
    """When it is to be looked at next. None if it is paused, or has ended."""
    zone: str = ""
    """The time zone of its expression, as it was at the activation."""
    waiting: tuple[int, ...] = ()
    """Fires that are to start when other runs of the plan have ended."""
    paused_at: int | None = None
    """None if it is followed."""
    last_at: int | None = None
    """The fire that started a run last."""
    missed: int = 0
    """Fires that were skipped since the activation."""
    skipped: str = ""
    """What was skipped last, and why."""

    def looked_at_again(self, at: int) -> ScheduleRecord:
        """The same, to be looked at next at this time."""
        return msgspec.structs.replace(self, due_at=at)


SCHEDULES: Listing[ScheduleRecord] = Listing(
    fields={
        "project": text("plan.project"),
        "domain": text("plan.domain"),
        "name": text("plan.name"),
        "version": text("plan.version"),
        "principal": text("principal"),
        "since": time("since"),
        "due_at": time("due_at"),
        "paused_at": time("paused_at"),
        "last_at": time("last_at"),
        "missed": number("missed"),
    },
    identity=("project", "domain", "name"),
    created_at="since",
)
