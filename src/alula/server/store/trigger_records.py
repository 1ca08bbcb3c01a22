"""Triggers of active launch plans, and what they have done, as rows."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, TypeAlias

import msgspec

from alula.core.ids import EntityId, ExecutionId
from alula.server.store.listing import Listing, member, number, text, time

TriggerKind: TypeAlias = Literal["run", "webhook", "object"]


class TriggerRecord(msgspec.Struct, frozen=True):
    """The trigger of the active version of a launch plan. It comes and goes with the activation of the plan."""

    plan: EntityId
    principal: str
    """The one that activated the plan, on whose behalf its runs are launched."""
    since: int
    """The time of the activation."""
    kind: TriggerKind
    watched: str
    """The thing that it waits for, as a text by which it is found."""
    last_at: int | None = None
    """The time of its last firing."""
    started: int = 0
    """The number of runs that it has started since the activation."""
    refused: int = 0
    """The number of firings since then for which no run was started."""


class FiringState(IntEnum):
    """The outcome of a firing."""

    STARTED = 1
    REFUSED = 2


class FiringRecord(msgspec.Struct, frozen=True):
    """What became of one cause at one trigger."""

    plan: EntityId
    cause: str
    """The cause as a key: each is dealt with once by a trigger."""
    told: str
    """The cause as people read it."""
    at: int
    state: FiringState
    run: str = ""
    """The name of the run that was started; empty if there is none."""
    detail: str = ""
    """The reason why no run was started."""
    by_run: ExecutionId | None = None
    """The run whose end is the cause; None for another kind of cause."""
    seal: str = ""
    """The signature of a message that is the cause: under another name it is the same cause. Empty if there is none."""


TRIGGERS: Listing[TriggerRecord] = Listing(
    fields={
        "project": text("plan.project"),
        "domain": text("plan.domain"),
        "name": text("plan.name"),
        "version": text("plan.version"),
        "principal": text("principal"),
        "kind": text("kind"),
        "watched": text("watched"),
        "since": time("since"),
        "last_at": time("last_at"),
        "started": number("started"),
        "refused": number("refused"),
    },
    identity=("project", "domain", "name"),
    created_at="since",
)
FIRINGS: Listing[FiringRecord] = Listing(
    fields={
        "project": text("plan.project"),
        "domain": text("plan.domain"),
        "name": text("plan.name"),
        "version": text("plan.version"),
        "cause": text("cause"),
        "at": time("at"),
        "state": member("state", FiringState),
        "run": text("run"),
    },
    identity=("project", "domain", "name", "cause"),
    created_at="at",
)
