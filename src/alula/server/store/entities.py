"""Registered tasks, workflows and launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, NamedTuple, Protocol

import msgspec

from alula.core.ids import EntityId, Place
from alula.server.store.audits import Audit
from alula.server.store.listing import Listing, flag, named, text, time
from alula.server.store.query import Query
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.trigger_records import TriggerRecord

EntityKind = Literal["task", "workflow", "launch_plan"]


class EntityRecord(msgspec.Struct, frozen=True):
    """A registered task, workflow or launch plan."""

    kind: EntityKind
    id: EntityId
    digest: bytes
    """Of the normalised compiled closure: equal digests are the same thing."""
    spec: bytes
    """Serialized `admin.TaskSpec`, `WorkflowSpec` or `LaunchPlanSpec`."""
    closure: bytes
    """Serialized `admin.TaskClosure`, `core.CompiledWorkflowClosure` or `admin.LaunchPlanClosure`."""
    created_at: int
    active: bool = False
    """Launch plans: at most one version of a name is active."""
    hidden: bool = False
    """Made by the platform, not by a user (`.flytegen.` skeletons)."""
    task_type: str = ""
    short_description: str = ""
    interpreter: str = ""
    """Python of the client that registered a task, when known."""
    interpreter_host: str = ""


class EntityName(NamedTuple):
    project: str
    domain: str
    name: str
    created_at: int
    """Of the newest of the versions that were asked for."""


class NewestVersion(NamedTuple):
    name: str
    version: str
    """Registered last; of several at one time the one that sorts last."""
    created_at: int


class Registered(Enum):
    CREATED = "created"
    IDENTICAL = "identical"
    DIFFERENT = "different"


ENTITIES: Listing[EntityRecord] = Listing(
    fields={
        "project": text("id.project"),
        "domain": text("id.domain"),
        "name": text("id.name"),
        "version": text("id.version"),
        "state": named("active", {"ACTIVE": 1, "INACTIVE": 0}, "ACTIVE or INACTIVE"),
        "hidden": flag("hidden"),
        "created_at": time("created_at"),
        "task_type": text("task_type"),
    },
    identity=("project", "domain", "name", "version"),
)
ENTITY_NAMES: Listing[EntityName] = Listing(
    fields={
        "project": text("project"),
        "domain": text("domain"),
        "name": text("name"),
        "created_at": time("created_at"),
    },
    identity=("project", "domain", "name"),
    only_filters=ENTITIES.fields,
)


class Entities(Protocol):
    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        """Keep those that are new, in one transaction: if one is DIFFERENT from the one that is kept, none is."""
        ...

    async def get(self, kind: EntityKind, id: EntityId) -> EntityRecord | None: ...

    async def page(self, kind: EntityKind, query: Query) -> list[EntityRecord]: ...

    async def names(self, kind: EntityKind, query: Query) -> list[EntityName]:
        """Each name once."""
        ...

    async def newest_versions(
        self, kind: EntityKind, place: Place, first: str, last: str, limit: int
    ) -> list[NewestVersion]:
        """Of the names from the first to the last, both included, in their order; not of hidden versions."""
        ...

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None: ...

    async def set_launch_plan_active(
        self,
        id: EntityId,
        *,
        active: bool,
        audit: Audit,
        schedule: ScheduleRecord | None = None,
        trigger: TriggerRecord | None = None,
    ) -> bool:
        """Activating deactivates every other version of the name, and `schedule` and `trigger` take the place of
        theirs; those of a version that is active already go on as they are. False if there is no such launch plan."""
        ...
