"""Workflow nodes: run a sub-workflow in place, or a launch plan as an execution of its own."""

from __future__ import annotations

from flyteidl.core import workflow_pb2

from alula.core.compiler.bindings import check_bindings
from alula.core.compiler.entities import Interface
from alula.core.compiler.errors import Code
from alula.core.compiler.nodes.references import referenced_interface
from alula.core.compiler.scope import Scope


def workflow_interface(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    """The interface of the sub-workflow or launch plan. The sub-workflow's own nodes are checked elsewhere."""
    target = node.workflow_node
    match target.WhichOneof("reference"):
        case "sub_workflow_ref":
            return referenced_interface("sub_workflow", target.sub_workflow_ref, node_id, scope)
        case "launchplan_ref":
            return referenced_interface("launch_plan", target.launchplan_ref, node_id, scope)
        case _:
            scope.findings.add(
                Code.VALUE_REQUIRED,
                node_id,
                "the node names neither a sub-workflow nor a launch plan; set one of the two references",
            )
            return None


def check_workflow_node(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    interface = workflow_interface(node, node_id, scope)
    if interface is not None:
        check_bindings(node.inputs, interface, node_id, scope)
    return interface
