"""The workflow in which a single task runs, and what a task run asks for. Pure."""

from __future__ import annotations

import re

from flyteidl.admin import launch_plan_pb2, workflow_pb2
from flyteidl.core import interface_pb2, literals_pb2, tasks_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from alula.core.ids import EntityId
from alula.server.services.inputs import expected_inputs
from alula.server.services.messages.names import identifier

PREFIX = ".flytegen."
_NODE_ID_MAX_CHARS = 63
_NOT_IN_NODE_ID = re.compile(r"[^A-Za-z0-9-]")


def skeleton_id(task: EntityId) -> EntityId:
    """The workflow that stands for a task: same version, hidden from lists."""
    return task._replace(name=PREFIX + task.name)


def skeleton_node_id(task_name: str) -> str:
    """The one node's id: the end of the task's name, without what an id can't hold."""
    return _NOT_IN_NODE_ID.sub("", task_name[-_NODE_ID_MAX_CHARS:]) or "task"


def skeleton_workflow(id: EntityId, task: tasks_pb2.TaskTemplate) -> workflow_pb2.WorkflowSpec:
    """A workflow with the task's interface and one node, whose outputs are the workflow's."""
    node_id = skeleton_node_id(id.name)
    node = core_workflow_pb2.Node(
        id=node_id,
        metadata=core_workflow_pb2.NodeMetadata(
            name=id.name, retries=task.metadata.retries, timeout=task.metadata.timeout
        ),
        task_node=core_workflow_pb2.TaskNode(reference_id=identifier("task", id)),
        inputs=[_promise(name, "", name) for name in sorted(task.interface.inputs.variables)],
    )
    template = core_workflow_pb2.WorkflowTemplate(
        id=identifier("workflow", skeleton_id(id)),
        interface=task.interface,
        nodes=[node],
        outputs=[_promise(name, node_id, name) for name in sorted(task.interface.outputs.variables)],
    )
    return workflow_pb2.WorkflowSpec(template=template)


def skeleton_launch_plan(
    id: EntityId, interface: interface_pb2.TypedInterface
) -> tuple[launch_plan_pb2.LaunchPlanSpec, interface_pb2.ParameterMap]:
    """What a task run is launched with: no settings of its own, every input required."""
    expected = expected_inputs(interface, interface_pb2.ParameterMap(), literals_pb2.LiteralMap())
    return launch_plan_pb2.LaunchPlanSpec(workflow_id=identifier("workflow", skeleton_id(id))), expected


def _promise(var: str, node_id: str, output: str) -> literals_pb2.Binding:
    return literals_pb2.Binding(
        var=var,
        binding=literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id=node_id, var=output)),
    )
