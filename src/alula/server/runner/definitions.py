"""What the runner reads of registered entities, kept while it is used: plans of workflows, rows of tasks."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from flyteidl.core import compiler_pb2

from alula.core.engine.plan import Plan, make_plan
from alula.core.errors import NotFound
from alula.core.ids import EntityId
from alula.server.store import EntityRecord, Store

T = TypeVar("T")

_PLANS_MAX = 256
_TASKS_MAX = 4_096


class Definitions:
    """Entities never change once registered, so what was read once stays true."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._plans: OrderedDict[EntityId, Plan] = OrderedDict()
        self._tasks: OrderedDict[EntityId, EntityRecord | None] = OrderedDict()

    async def plan(self, workflow: EntityId) -> Plan:
        """The plan that all executions of this version share."""
        plan = self._plans.get(workflow)
        if plan is None:
            entity = await self._store.entity("workflow", workflow)
            if entity is None:
                raise NotFound("WorkflowNotFound", f"there is no workflow {workflow}")
            plan = make_plan(compiler_pb2.CompiledWorkflowClosure.FromString(entity.closure))
            _keep(self._plans, workflow, plan, _PLANS_MAX)
        return plan

    async def task(self, task: EntityId) -> EntityRecord | None:
        """The registered task, None for one that exists only in a graph made at run time."""
        if task not in self._tasks:
            _keep(self._tasks, task, await self._store.entity("task", task), _TASKS_MAX)
        return self._tasks[task]


def _keep(kept: OrderedDict[EntityId, T], key: EntityId, value: T, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)
