"""The entities that the nodes of workflow templates name, also those in branches, arrays and failure handlers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from flyteidl.core import workflow_pb2

from alula.core.ids import EntityId, entity_id


class Referenced(msgspec.Struct, frozen=True):
    """Ids in the order in which they first appear. The compiler checks that they are complete."""

    tasks: tuple[EntityId, ...]
    workflows: tuple[EntityId, ...]
    """Those that run inside."""
    launch_plans: tuple[EntityId, ...]


def referenced(templates: Iterable[workflow_pb2.WorkflowTemplate]) -> Referenced:
    """The entities that all nodes of all `templates` name."""
    tasks: dict[EntityId, None] = {}
    workflows: dict[EntityId, None] = {}
    launch_plans: dict[EntityId, None] = {}
    for node in all_nodes(templates):
        if node.HasField("task_node"):
            tasks[entity_id(node.task_node.reference_id)] = None
        elif node.workflow_node.HasField("sub_workflow_ref"):
            workflows[entity_id(node.workflow_node.sub_workflow_ref)] = None
        elif node.workflow_node.HasField("launchplan_ref"):
            launch_plans[entity_id(node.workflow_node.launchplan_ref)] = None
    return Referenced(tuple(tasks), tuple(workflows), tuple(launch_plans))


def task_nodes(templates: Iterable[workflow_pb2.WorkflowTemplate]) -> Iterator[workflow_pb2.Node]:
    """All nodes that run a task."""
    return (node for node in all_nodes(templates) if node.HasField("task_node"))


def all_nodes(templates: Iterable[workflow_pb2.WorkflowTemplate]) -> Iterator[workflow_pb2.Node]:
    """Every node with those inside it; the messages themselves."""
    for template in templates:
        for node in template.nodes:
            yield from _with_inner(node)
        if template.HasField("failure_node"):
            yield from _with_inner(template.failure_node)


def _with_inner(node: workflow_pb2.Node) -> Iterator[workflow_pb2.Node]:
    yield node
    if node.HasField("array_node"):
        yield from _with_inner(node.array_node.node)
    elif node.HasField("branch_node"):
        block = node.branch_node.if_else
        for case in (block.case, *block.other):
            yield from _with_inner(case.then_node)
        if block.HasField("else_node"):
            yield from _with_inner(block.else_node)
