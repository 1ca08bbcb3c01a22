"""Executions, as lists and the console read them."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import TaskError
from alula.core.ids import EntityId, ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.query import Query


class ExecutionRecord(msgspec.Struct):
    """One run. Filter fields: all scalar ones, `state` (0 active, 1 archived), plus `workflow.name`,
    `workflow.version`, `launch_plan.name`, `launch_plan.version`, `execution_tag.key`, `execution_tag.value`
    (labels)."""

    id: ExecutionId
    spec: bytes
    """Serialized `admin.ExecutionSpec`, as launched (metadata filled in)."""
    inputs: bytes
    """Resolved inputs, serialized `core.LiteralMap`."""
    user_inputs: bytes
    """Inputs as the caller gave them: what a relaunch uses."""
    workflow: EntityId
    launch_entity: Literal["launch_plan", "task"]
    launch_plan: EntityId
    """What was launched: a launch plan, or the task itself."""
    principal: str
    mode: int
    """`admin.ExecutionMetadata.ExecutionMode`."""
    created_at: int
    updated_at: int
    phase: ExecutionPhase = ExecutionPhase.QUEUED
    started_at: int | None = None
    ended_at: int | None = None
    error: TaskError | None = None
    outputs: bytes | None = None
    abort_cause: str | None = None
    abort_principal: str | None = None
    archived: bool = False
    labels: dict[str, str] = {}
    task_resources: bytes = b""
    """What tasks get that do not say, and may have at most, as it was set at launch: serialized
    `admin.TaskResourceAttributes`."""
    incarnation: str = ""
    """As in its first event."""


class Executions(Protocol):
    async def create(self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = "") -> bool:
        """Keep the row and event 0 of its log. False when the id exists. `owner`: claims it at once."""
        ...

    async def get(self, id: ExecutionId) -> ExecutionRecord | None: ...

    async def page(self, query: Query) -> list[ExecutionRecord]: ...

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool: ...
