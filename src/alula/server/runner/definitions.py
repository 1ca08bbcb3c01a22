"""The registered entities that the runner reads, kept while they are used: plans of workflows, tasks, launch plans."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from flyteidl.admin import task_pb2
from flyteidl.core import compiler_pb2, tasks_pb2

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.engine.plan import Plan
from alula.core.engine.state import Scope
from alula.core.ids import EntityId
from alula.server.services.history import read_plan
from alula.server.services.references import referenced_plan
from alula.server.store import Store
from alula.server.store.entities import EntityRecord

T = TypeVar("T")

_PLANS_MAX = 256
_TASKS_MAX = 4_096


class Definitions:
    """Entities never change once registered, so what was read once stays true."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plans: OrderedDict[EntityId, Plan] = OrderedDict()
        self._tasks: OrderedDict[EntityId, EntityRecord | None] = OrderedDict()
        self._launch_plans: OrderedDict[EntityId, ReferencedLaunchPlan] = OrderedDict()

    async def plan(self, workflow: EntityId) -> Plan:
        """The plan that all executions of this version share."""
        plan = self._plans.get(workflow)
        if plan is None:
            plan = await read_plan(self._store, workflow)
            _keep(self._plans, workflow, plan, _PLANS_MAX)
        return plan

    async def registered_task(self, scope: Scope, node: int) -> EntityRecord | None:
        """The registered task behind a node: its own, or the dynamic task that made its graph."""
        task = scope.plan_node(node).task
        record = await self._task(task.id) if task is not None else None
        if record is not None or scope.parent is None:
            return record
        return await self.registered_task(scope.parent, scope.parent_node)

    async def task(self, id: EntityId) -> tasks_pb2.TaskTemplate | None:
        """A task that the graph of a dynamic task names without bringing it."""
        record = await self._task(id)
        return task_pb2.TaskClosure.FromString(record.closure).compiled_task.template if record is not None else None

    async def workflow(self, id: EntityId) -> compiler_pb2.CompiledWorkflowClosure | None:
        """A workflow that the graph of a dynamic task names without bringing it."""
        record = await self._store.entities.get("workflow", id)
        return compiler_pb2.CompiledWorkflowClosure.FromString(record.closure) if record is not None else None

    async def launch_plan(self, id: EntityId) -> ReferencedLaunchPlan | None:
        """A launch plan that the graph of a dynamic task names."""
        plan = self._launch_plans.get(id)
        if plan is None:
            record = await self._store.entities.get("launch_plan", id)
            if record is None:
                return None
            plan = referenced_plan(record)
            _keep(self._launch_plans, id, plan, _PLANS_MAX)
        return plan

    async def _task(self, task: EntityId) -> EntityRecord | None:
        if task not in self._tasks:
            _keep(self._tasks, task, await self._store.entities.get("task", task), _TASKS_MAX)
        return self._tasks[task]


def _keep(kept: OrderedDict[EntityId, T], key: EntityId, value: T, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)
