"""Backfills and their slots, as rows: how far each is."""

from __future__ import annotations

import msgspec

from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.backfilling import BackfillState, Counts, Rules, SlotState
from alula.server.store.listing import Listing, member, text, time


class BackfillRecord(msgspec.Struct, frozen=True):
    """One backfill."""

    id: ExecutionId
    """Its place and its name, as those of a run."""
    plan: EntityId
    principal: str
    """The one that asked for it, on whose behalf its runs are launched."""
    created_at: int
    first: int
    """Its slots are about times from this one on."""
    until: int
    """And before this one."""
    cron: str
    """The expression that it was given; empty for the schedule of the plan."""
    kickoff: str
    """The input that gets the time of the slot; empty for none."""
    rules: Rules
    counts: Counts
    state: BackfillState = BackfillState.RUNNING
    ended_at: int | None = None


class SlotRecord(msgspec.Struct, frozen=True):
    """One slot of a backfill."""

    at: int
    """The time that the schedule names."""
    planned_for: int
    """The time that the run is about."""
    run: str
    """The name of its run: the one that was there, the one that was started, or the one that is to be started."""
    state: SlotState = SlotState.WAITING
    detail: str = ""
    """The reason why it failed, if no run tells that."""


BACKFILLS: Listing[BackfillRecord] = Listing(
    fields={
        "project": text("id.project"),
        "domain": text("id.domain"),
        "name": text("id.name"),
        "plan": text("plan.name"),
        "version": text("plan.version"),
        "principal": text("principal"),
        "created_at": time("created_at"),
        "state": member("state", BackfillState),
        "ended_at": time("ended_at"),
    },
    identity=("project", "domain", "name"),
)
SLOTS: Listing[SlotRecord] = Listing(
    fields={
        "at": time("at"),
        "planned_for": time("planned_for"),
        "run": text("run"),
        "state": member("state", SlotState),
    },
    identity=("at",),
    created_at="at",
)
