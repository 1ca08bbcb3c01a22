"""Branch nodes: run one of several nodes, chosen by conditions on the branch's own inputs.

The outputs of a branch are those that all its cases have, with equal types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flyteidl.core import types_pb2, workflow_pb2

from alula.core.compiler.bindings import bound_types
from alula.core.compiler.entities import Interface, Outputs
from alula.core.compiler.errors import Code
from alula.core.compiler.nodes.conditions import check_condition
from alula.core.compiler.scope import Scope
from alula.core.literals.casting import can_cast, explain_type


def nodes_inside(node: workflow_pb2.Node) -> Sequence[workflow_pb2.Node]:
    """The node of each case, in order; the messages themselves, so that they can be given new ids."""
    if_else = node.branch_node.if_else
    inside = [block.then_node for block in _cases(if_else) if block.HasField("then_node")]
    if if_else.WhichOneof("default") == "else_node":
        inside.append(if_else.else_node)
    return inside


def check_branch_node(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    """Check a branch. The nodes of its cases have been checked before."""
    if not node.branch_node.HasField("if_else"):
        scope.findings.add(Code.VALUE_REQUIRED, node_id, "the branch has no cases; set `if_else`")
        return None
    if_else = node.branch_node.if_else
    if not if_else.HasField("case"):
        scope.findings.add(
            Code.BRANCH_NODE_HAS_NO_CONDITION, node_id, "the branch has no first case; give it a condition"
        )
    inputs = bound_types(node.inputs, node_id, scope)
    for number, block in enumerate(_cases(if_else), 1):
        if not block.HasField("then_node"):
            scope.findings.add(Code.BRANCH_NODE_ID_NOT_FOUND, node_id, f"case {number} has no node to run; give it one")
        if block.HasField("condition"):
            check_condition(block.condition, inputs, node_id, scope)
        else:
            scope.findings.add(
                Code.BRANCH_NODE_HAS_NO_CONDITION, node_id, f"case {number} has no condition; give it one"
            )
    if if_else.WhichOneof("default") is None:
        scope.findings.add(
            Code.BRANCH_NODE_HAS_NO_DEFAULT,
            node_id,
            "nothing happens when no case holds; add an else node or an error",
        )
    outputs = _outputs(node, node_id, scope)
    return None if outputs is None else Interface({}, outputs, frozenset())


def _cases(if_else: workflow_pb2.IfElseBlock) -> Iterator[workflow_pb2.IfBlock]:
    if if_else.HasField("case"):
        yield if_else.case
    yield from if_else.other


def _outputs(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Outputs | None:
    """The outputs that all cases give. A case whose own errors leave its outputs open does not count; `None` if none
    does."""
    known = [(inside.id, scope.outputs.get(inside.id)) for inside in nodes_inside(node)]
    cases = [(id, outputs) for id, outputs in known if outputs is not None]
    if not cases:
        return None if known else {}
    first_id, common = cases[0][0], dict(cases[0][1])
    for id, outputs in cases[1:]:
        common = {name: kind for name, kind in common.items() if name in outputs}
        for name, kind in common.items():
            other = outputs[name]
            if kind is not None and other is not None and not _equal(kind, other):
                scope.findings.add(
                    Code.MISMATCHING_TYPES,
                    node_id,
                    f"output `{name}` is of type {explain_type(kind)} in `{first_id}`, but "
                    f"{explain_type(other)} in `{id}`; make them equal",
                )
    return common


def _equal(one: types_pb2.LiteralType, other: types_pb2.LiteralType) -> bool:
    return can_cast(one, other) and can_cast(other, one)
