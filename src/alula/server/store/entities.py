"""Registered tasks, workflows and launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, Protocol

import msgspec

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.query import Query

EntityKind = Literal["task", "workflow", "launch_plan"]


class EntityRecord(msgspec.Struct, frozen=True):
    """A registered task, workflow or launch plan. Filter fields: project, domain, name, version,
    state (1 active), hidden, created_at, task_type."""

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


class Registered(Enum):
    CREATED = "created"
    IDENTICAL = "identical"
    DIFFERENT = "different"


class Entities(Protocol):
    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        """Keep what is new, in one transaction: where one is DIFFERENT from what stands, none is kept."""
        ...

    async def get(self, kind: EntityKind, id: EntityId) -> EntityRecord | None: ...

    async def page(self, kind: EntityKind, query: Query) -> list[EntityRecord]: ...

    async def names(self, kind: EntityKind, query: Query) -> list[tuple[str, str, str]]:
        """Distinct (project, domain, name)."""
        ...

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None: ...

    async def set_launch_plan_active(self, id: EntityId, *, active: bool, audit: Audit) -> bool:
        """Activating deactivates every other version of the name. False when there is no such launch plan."""
        ...
