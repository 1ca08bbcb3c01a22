"""The module that handles each kind of node, by the field of `core.Node` that holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from flyteidl.core import workflow_pb2

from alula.core.compiler.entities import Interface
from alula.core.compiler.nodes.array import check_array_node
from alula.core.compiler.nodes.branch import check_branch_node, nodes_inside
from alula.core.compiler.nodes.gate import check_gate_node
from alula.core.compiler.nodes.task import check_task_node
from alula.core.compiler.nodes.workflow import check_workflow_node
from alula.core.compiler.scope import Scope


def _none_inside(node: workflow_pb2.Node) -> Sequence[workflow_pb2.Node]:
    return ()


class NodeKind(msgspec.Struct, frozen=True):
    """The compiler's functions for a kind of node."""

    check: Callable[[workflow_pb2.Node, str, Scope], Interface | None]
    """Report what is wrong; give the interface, or `None` if it can't be known."""
    inside: Callable[[workflow_pb2.Node], Sequence[workflow_pb2.Node]] = _none_inside
    """Nodes that are part of the same graph; checked before the node itself."""


KINDS = {
    "task_node": NodeKind(check_task_node),
    "workflow_node": NodeKind(check_workflow_node),
    "branch_node": NodeKind(check_branch_node, nodes_inside),
    "gate_node": NodeKind(check_gate_node),
    "array_node": NodeKind(check_array_node),
}
