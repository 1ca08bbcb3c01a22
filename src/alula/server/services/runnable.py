"""Tasks that no executor of the platform can run, refused before anything of a run begins.

Known is what follows from a task and the settings alone. Tasks that a run may not come to, those in branches and
failure handlers, are refused when they begin, and those of a dynamic task when its graph is there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import compiler_pb2, tasks_pb2

from alula.core.compiler.reached import Step, reached
from alula.core.errors import InvalidInput, TaskError
from alula.core.ids import EntityId, Place, entity_id
from alula.core.policy.routing import Wanted
from alula.server.beside import done_beside
from alula.server.store import Store

Refuse: TypeAlias = Callable[[tasks_pb2.TaskTemplate, Place, Sequence[Wanted]], InvalidInput | None]
"""The reason why the executor that a task would go to can't run it; None if it can, or that is not known beforehand."""
_KEPT_MAX = 1_000


class Runnable:
    """The answers for workflows, which never change once they are registered. Without `refuse` nothing is asked."""

    def __init__(self, refuse: Refuse | None = None) -> None:
        self._refuse = refuse
        self._known: OrderedDict[tuple[EntityId, Place, tuple[Wanted, ...]], InvalidInput | None] = OrderedDict()

    async def require(self, store: Store, workflow: EntityId, place: Place, wishes: tuple[Wanted, ...]) -> None:
        """Raise `InvalidInput` for a workflow with a task that is sure to be refused. What it launches counts too."""
        if self._refuse is None:
            return
        key = workflow, place, wishes
        if key not in self._known:
            self._known[key] = await self._find(self._refuse, store, workflow, place, wishes)
            if len(self._known) > _KEPT_MAX:
                self._known.popitem(last=False)
        refusal = self._known[key]
        if refusal is not None:
            raise InvalidInput(refusal.code, refusal.message, fix=refusal.fix)

    def require_task(self, task: tasks_pb2.TaskTemplate, place: Place, wishes: tuple[Wanted, ...]) -> None:
        """The same for a task by itself."""
        refusal = self._refuse(task, place, wishes) if self._refuse is not None else None
        if refusal is not None:
            raise refusal

    def refused(
        self, closure: compiler_pb2.CompiledWorkflowClosure, place: Place, wishes: Sequence[Wanted]
    ) -> TaskError | None:
        """The reason why the graph of a dynamic task can't be run; None if it can."""
        if self._refuse is None:
            return None
        error = _refusal(reached(closure).steps, self._refuse, place, wishes)
        return TaskError(error.code, str(error)) if error is not None else None

    async def _find(
        self, refuse: Refuse, store: Store, workflow: EntityId, place: Place, wishes: tuple[Wanted, ...]
    ) -> InvalidInput | None:
        seen, waiting = {workflow}, [workflow]
        while waiting:
            record = await store.entities.get("workflow", waiting.pop(0))
            if record is None:
                continue
            closure = await done_beside(
                len(record.closure), compiler_pb2.CompiledWorkflowClosure.FromString, record.closure
            )
            found = await done_beside(len(record.closure), reached, closure)
            refusal = _refusal(found.steps, refuse, place, wishes)
            if refusal is not None:
                return refusal
            for plan in found.launch_plans:
                launched = await store.entities.get("launch_plan", plan)
                if launched is None:
                    continue
                inner = entity_id(launch_plan_pb2.LaunchPlanSpec.FromString(launched.spec).workflow_id)
                waiting += [inner] if inner not in seen else []
                seen.add(inner)
        return None


def _refusal(steps: Sequence[Step], refuse: Refuse, place: Place, wishes: Sequence[Wanted]) -> InvalidInput | None:
    """All that is wrong with these, under the code of the first."""
    found = [(step, error) for step in steps if (error := refuse(step.task, place, wishes)) is not None]
    if not found:
        return None
    told = [f"step `{step.node_id}` (task `{step.task.id.name}`): {error.message}" for step, error in found]
    _, first = found[0]
    return InvalidInput(first.code, "; ".join(told), fix=first.fix)
