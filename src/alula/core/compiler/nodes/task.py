"""Task nodes: run a registered task."""

from __future__ import annotations

from flyteidl.core import workflow_pb2

from alula.core.compiler.bindings import check_bindings
from alula.core.compiler.entities import Interface
from alula.core.compiler.nodes.references import referenced_interface
from alula.core.compiler.scope import Scope
from alula.core.compiler.settings import check_resources
from alula.core.ids import entity_id


def task_interface(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    """The interface of the task. Reports resources that the node asks for and can't have."""
    interface = referenced_interface("task", node.task_node.reference_id, node_id, scope)
    if interface is not None and node.task_node.overrides.HasField("resources"):
        task = scope.entities.tasks[entity_id(node.task_node.reference_id)]
        check_resources(task, node.task_node.overrides, node_id, scope.findings)
    return interface


def check_task_node(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    interface = task_interface(node, node_id, scope)
    if interface is not None:
        check_bindings(node.inputs, interface, node_id, scope)
    return interface
