"""Which registered entities the nodes of workflow templates name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2, workflow_pb2

from alula.core.compiler import ReferencedLaunchPlan
from alula.core.ids import EntityId, entity_id
from alula.server.services.messages.names import identifier
from alula.server.store import EntityRecord


class Referenced(msgspec.Struct, frozen=True):
    """Ids in the order in which they first appear; that they are complete is the compiler's to check."""

    tasks: tuple[EntityId, ...]
    launch_plans: tuple[EntityId, ...]


def referenced(templates: Iterable[workflow_pb2.WorkflowTemplate]) -> Referenced:
    """What all nodes of all `templates` name, also those inside branches, arrays and failure handlers."""
    tasks: dict[EntityId, None] = {}
    launch_plans: dict[EntityId, None] = {}
    for template in templates:
        for node in _nodes(template):
            if node.HasField("task_node"):
                tasks[entity_id(node.task_node.reference_id)] = None
            elif node.workflow_node.WhichOneof("reference") == "launchplan_ref":
                launch_plans[entity_id(node.workflow_node.launchplan_ref)] = None
    return Referenced(tuple(tasks), tuple(launch_plans))


def referenced_plan(record: EntityRecord) -> ReferencedLaunchPlan:
    """A registered launch plan as the compiler sees it."""
    spec = launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)
    closure = launch_plan_pb2.LaunchPlanClosure.FromString(record.closure)
    inputs = interface_pb2.VariableMap(
        variables={name: parameter.var for name, parameter in closure.expected_inputs.parameters.items()}
    )
    template = workflow_pb2.LaunchPlanTemplate(
        id=identifier("launch_plan", record.id),
        interface=interface_pb2.TypedInterface(inputs=inputs, outputs=closure.expected_outputs),
        fixed_inputs=spec.fixed_inputs,
    )
    return ReferencedLaunchPlan(template, closure.expected_inputs)


def task_nodes(templates: Iterable[workflow_pb2.WorkflowTemplate]) -> Iterator[workflow_pb2.Node]:
    """All nodes that run a task, wherever they are."""
    for template in templates:
        yield from (node for node in _nodes(template) if node.HasField("task_node"))


def _nodes(template: workflow_pb2.WorkflowTemplate) -> Iterator[workflow_pb2.Node]:
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
