"""The workflow of one node in which a task runs that is executed by itself.

It has the task's interface and version and is named `.flytegen.<task>`, as Flyte names it, so that clients know
to hide it. Unlike Flyte's, its node has no retries of its own: the task's count.
"""

from __future__ import annotations

from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2, workflow_pb2

PREFIX = ".flytegen."
_NODE_ID_CHARS = 63
_BOUND_AFTER = {"alula-execute": "map-bound", "pyflyte-map-execute": "vars"}
"""By the command of a task that runs one item of an array: the argument before the names of its bound inputs."""


def skeleton_name(task_name: str) -> str:
    """The name of a task's skeleton workflow and launch plan."""
    return PREFIX + task_name


def is_skeleton_name(name: str) -> bool:
    """True if a workflow was made by the platform for a task."""
    return name.startswith(PREFIX)


def skeleton_node_id(task_name: str) -> str:
    """The id of the only node: the last 63 characters of the task's name, letters, digits and dashes of them.

    >>> skeleton_node_id("examples.hello.say_hello")
    'exampleshellosayhello'
    """
    kept = "".join(char for char in task_name[-_NODE_ID_CHARS:] if char.isalnum() or char == "-")
    return kept or "task"


def skeleton_workflow(task: tasks_pb2.TaskTemplate) -> workflow_pb2.WorkflowTemplate:
    """The template that passes its inputs to the task and the task's outputs on."""
    node_id = skeleton_node_id(task.id.name)
    identifier = identifier_pb2.Identifier()
    identifier.CopyFrom(task.id)
    identifier.resource_type = identifier_pb2.WORKFLOW
    identifier.name = skeleton_name(task.id.name)
    node = workflow_pb2.Node(
        id=node_id,
        metadata=workflow_pb2.NodeMetadata(name=node_id),
        inputs=_passed("", task.interface.inputs),
    )
    run = workflow_pb2.TaskNode(reference_id=task.id)
    bound = _bound_inputs(task)
    if bound is None:
        node.task_node.CopyFrom(run)
    else:
        node.array_node.CopyFrom(_array(task, node, run, bound))
    return workflow_pb2.WorkflowTemplate(
        id=identifier,
        metadata=workflow_pb2.WorkflowMetadata(),
        metadata_defaults=workflow_pb2.WorkflowMetadataDefaults(),
        interface=task.interface,
        nodes=[node],
        outputs=_passed(node_id, task.interface.outputs),
    )


def _bound_inputs(task: tasks_pb2.TaskTemplate) -> list[str] | None:
    """The inputs that all items of a map task share; None for a task that is none.

    The command of a map task runs one item, so the task by itself is an array too.
    """
    arguments = [*task.container.command, *task.container.args]
    for command, marker in _BOUND_AFTER.items():
        if command in arguments and marker in arguments:
            at = arguments.index(marker) + 1
            return [name for name in arguments[at].split(",") if name] if at < len(arguments) else []
    return None


def _array(
    task: tasks_pb2.TaskTemplate, node: workflow_pb2.Node, run: workflow_pb2.TaskNode, bound: list[str]
) -> workflow_pb2.ArrayNode:
    item = workflow_pb2.Node(id=task.id.name, metadata=node.metadata, inputs=node.inputs, task_node=run)
    array = workflow_pb2.ArrayNode(node=item, bound_inputs=bound, min_success_ratio=1.0)
    array.is_original_sub_node_interface.SetInParent()
    return array


def _passed(node_id: str, variables: interface_pb2.VariableMap) -> list[literals_pb2.Binding]:
    return [
        literals_pb2.Binding(
            var=name,
            binding=literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id=node_id, var=name)),
        )
        for name in sorted(variables.variables)
    ]
