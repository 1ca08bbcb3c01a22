"""The tasks and launch plans that a run of a workflow is sure to come to, unless something fails before: those in
branches and failure handlers are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flyteidl.core import compiler_pb2, tasks_pb2, workflow_pb2

from alula.core.ids import EntityId, entity_id
from alula.core.policy.target import with_overrides


class Step(NamedTuple):
    """A node that runs a task."""

    node_id: str
    task: tasks_pb2.TaskTemplate
    """As the node changes it."""


class Reached(NamedTuple):
    """Each task with the same changes, and each launch plan, once."""

    steps: list[Step]
    launch_plans: list[EntityId]


def reached(closure: compiler_pb2.CompiledWorkflowClosure) -> Reached:
    """Those of a workflow and of all that it contains."""
    tasks = {entity_id(each.template.id): each.template for each in closure.tasks}
    steps: dict[tuple[EntityId, bytes], Step] = {}
    plans: dict[EntityId, None] = {}
    for node_id, node in _nodes(closure):
        if node.HasField("task_node"):
            id, overrides = entity_id(node.task_node.reference_id), node.task_node.overrides
            key = id, overrides.SerializeToString(deterministic=True)
            if id in tasks and key not in steps:
                steps[key] = Step(node_id, with_overrides(tasks[id], overrides))
        elif node.workflow_node.HasField("launchplan_ref"):
            plans[entity_id(node.workflow_node.launchplan_ref)] = None
    return Reached([*steps.values()], [*plans])


def _nodes(closure: compiler_pb2.CompiledWorkflowClosure) -> Iterator[tuple[str, workflow_pb2.Node]]:
    """With the ids of the nodes; of an array it is the node of each item."""
    inner = {entity_id(each.template.id): each.template for each in closure.sub_workflows}
    waiting = [closure.primary.template]
    while waiting:
        for node in waiting.pop(0).nodes:
            work = node.array_node.node if node.HasField("array_node") else node
            yield node.id, work
            if work.workflow_node.HasField("sub_workflow_ref"):  # once, however often it is run
                found = inner.pop(entity_id(work.workflow_node.sub_workflow_ref), None)
                waiting += [found] if found is not None else []
