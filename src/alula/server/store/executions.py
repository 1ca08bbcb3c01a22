"""Executions, as lists and the console read them."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import TaskError, Unavailable
from alula.core.ids import EntityId, ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.listing import Listing, flag, member, named, number, text, time
from alula.server.store.query import Query

LABEL_KEY = "execution_tag.key"
LABEL_VALUE = "execution_tag.value"


class ExecutionRecord(msgspec.Struct):
    """One run."""

    id: ExecutionId
    spec: bytes
    """Serialized `admin.ExecutionSpec`, as launched (metadata filled in)."""
    inputs: bytes
    """Resolved inputs, serialized `core.LiteralMap`."""
    user_inputs: bytes
    """Inputs as the caller gave them, for a relaunch."""
    workflow: EntityId
    launch_entity: Literal["launch_plan", "task"]
    launch_plan: EntityId
    """The launch plan that was launched, or the task itself."""
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
    """Resources of tasks that ask for none, and the most that a task may have, as set at launch: serialized
    `admin.TaskResourceAttributes`."""
    incarnation: str = ""
    """As in its first event."""
    seq: int = 1
    """The number of events in its log."""
    takes_over: ExecutionId | None = None
    """The run whose results it takes over, which stays as long as it does. Only written, as the next."""
    parent: ExecutionId | None = None
    """The run that started it, which has it stay as long as itself."""


EXECUTIONS: Listing[ExecutionRecord] = Listing(
    fields={
        "project": text("id.project"),
        "domain": text("id.domain"),
        "name": text("id.name"),
        "phase": member("phase", ExecutionPhase),
        "state": named(
            "archived",
            {"EXECUTION_ACTIVE": 0, "EXECUTION_ARCHIVED": 1, "ACTIVE": 0, "ARCHIVED": 1},
            "EXECUTION_ACTIVE or EXECUTION_ARCHIVED",
        ),
        "archived": flag("archived"),
        "launch_entity": text("launch_entity"),
        "principal": text("principal"),
        "mode": number("mode"),
        "created_at": time("created_at"),
        "updated_at": time("updated_at"),
        "started_at": time("started_at"),
        "ended_at": time("ended_at"),
        "abort_cause": text("abort_cause"),
        "abort_principal": text("abort_principal"),
        "workflow.project": text("workflow.project"),
        "workflow.domain": text("workflow.domain"),
        "workflow.name": text("workflow.name"),
        "workflow.version": text("workflow.version"),
        "launch_plan.project": text("launch_plan.project"),
        "launch_plan.domain": text("launch_plan.domain"),
        "launch_plan.name": text("launch_plan.name"),
        "launch_plan.version": text("launch_plan.version"),
    },
    identity=("project", "domain", "name"),
    only_filters={LABEL_KEY: text("labels"), LABEL_VALUE: text("labels")},
)
"""Filters on labels that are given together speak of one and the same label."""


def being_removed(id: ExecutionId) -> Unavailable:
    """The refusal of a name whose run is being removed."""
    return Unavailable("ExecutionBeingRemoved", f"execution `{id}` is being removed", fix="try again in a moment")


class Executions(Protocol):
    async def create(self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = "") -> bool:
        """Keep the row and event 0 of its log. False if the id exists. `owner` claims it at once.

        Raises `NotFound` if the run that it takes over from is gone, and `Unavailable` while one of its name is being
        removed.
        """
        ...

    async def get(self, id: ExecutionId, *, with_values: bool = True) -> ExecutionRecord | None:
        """As `page` reads each."""
        ...

    async def page(self, query: Query, *, with_values: bool = False) -> list[ExecutionRecord]:
        """Inputs, inputs as they were given, outputs, resources and incarnation are read `with_values` only; without
        they are empty."""
        ...

    async def open_of(self, project: str, domain: str, plan: str, *, limit: int) -> list[ExecutionRecord]:
        """Runs of any version of a launch plan that have not ended: the oldest first, without values."""
        ...

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool: ...
