"""The registered entities that a run needs, in the order in which they can be registered elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import msgspec
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import compiler_pb2, workflow_pb2

from alula.core.compiler.references import referenced
from alula.core.ids import EntityId, entity_id
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.entities import find_entity
from alula.server.services.platform import Platform
from alula.server.store.entities import EntityKind, EntityRecord
from alula.server.store.executions import ExecutionRecord


class Specification(msgspec.Struct, frozen=True, array_like=True):
    """An entity in a file."""

    kind: EntityKind
    id: EntityId
    spec: bytes
    """Serialized `admin.TaskSpec`, `WorkflowSpec` or `LaunchPlanSpec`."""


class Needed:
    """The entities that are needed, each once, those first that others refer to."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self._platform = platform
        self._caller = caller
        self._found: dict[tuple[EntityKind, EntityId], EntityRecord | None] = {}

    async def add_run(self, run: ExecutionRecord) -> None:
        await self._add(run.launch_entity, run.launch_plan)
        await self._add("workflow", run.workflow)

    async def add_graph(self, graph: compiler_pb2.CompiledWorkflowClosure) -> None:
        """What the graph of a dynamic task names. Its tasks may be in the graph alone."""
        await self._add_named(_templates(graph))

    def specifications(self) -> Iterator[Specification]:
        """Those that are there, but for workflows that the platform makes of single tasks."""
        for (kind, id), record in self._found.items():
            if record is not None and not record.hidden:
                yield Specification(kind, id, record.spec)

    async def _add(self, kind: EntityKind, id: EntityId) -> None:
        if (kind, id) in self._found:
            return
        record = await find_entity(self._platform, self._caller, kind, id, Action.VIEW)
        if record is not None and kind == "workflow":
            closure = await asyncio.to_thread(compiler_pb2.CompiledWorkflowClosure.FromString, record.closure)
            await self._add_named(_templates(closure))
        elif record is not None and kind == "launch_plan":
            spec = launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)
            await self._add("workflow", entity_id(spec.workflow_id))
        self._found[kind, id] = record

    async def _add_named(self, templates: Iterable[workflow_pb2.WorkflowTemplate]) -> None:
        named = await asyncio.to_thread(referenced, list(templates))
        for id in named.tasks:
            await self._add("task", id)
        for id in named.launch_plans:
            await self._add("launch_plan", id)


def _templates(closure: compiler_pb2.CompiledWorkflowClosure) -> list[workflow_pb2.WorkflowTemplate]:
    return [closure.primary.template, *(each.template for each in closure.sub_workflows)]
