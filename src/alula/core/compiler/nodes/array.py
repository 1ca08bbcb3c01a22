"""Array nodes: run a task, sub-workflow or launch plan once per item of its list inputs.

The node inside either has the lists in its interface already (map tasks), or an interface for one item
(`is_original_sub_node_interface`), which is then wrapped: each input and output a list of what it was, bound
inputs as they are, and outputs of an array that tolerates failures lists of `Optional`.
"""

from __future__ import annotations

from collections.abc import Callable

from flyteidl.core import types_pb2, workflow_pb2

from alula.core.compiler.bindings import check_bindings
from alula.core.compiler.entities import Interface
from alula.core.compiler.errors import Code
from alula.core.compiler.nodes.task import task_interface
from alula.core.compiler.nodes.workflow import workflow_interface
from alula.core.compiler.scope import Scope, one_of
from alula.core.compiler.settings import check_settings
from alula.core.literals.casting import is_optional

_ITEMS: dict[str, Callable[[workflow_pb2.Node, str, Scope], Interface | None]] = {
    "task_node": task_interface,
    "workflow_node": workflow_interface,
}


def check_array_node(node: workflow_pb2.Node, node_id: str, scope: Scope) -> Interface | None:
    array = node.array_node
    _check_settings(array, node_id, scope)
    if not array.HasField("node"):
        scope.findings.add(Code.VALUE_REQUIRED, node_id, "the array has no node to repeat; set `node`")
        return None
    check_settings(array.node.metadata, node_id, scope.findings)
    item = _ITEMS.get(array.node.WhichOneof("target") or "")
    if item is None:
        scope.findings.add(Code.INVALID_VALUE, node_id, "an array repeats a task, a sub-workflow or a launch plan only")
        return None
    interface = item(array.node, node_id, scope)
    if interface is None:
        return None
    unknown = [name for name in array.bound_inputs if name not in interface.inputs]
    for name in unknown:
        scope.findings.add(
            Code.VARIABLE_NAME_NOT_FOUND,
            node_id,
            f"bound input `{name}` is not an input; use {one_of(interface.inputs)}",
        )
    if array.is_original_sub_node_interface.value:
        interface = _lists_of(interface, array)
    _check_has_list(node, interface, node_id, scope)
    check_bindings(node.inputs, interface, node_id, scope)
    return interface


def tolerates_failures(array: workflow_pb2.ArrayNode) -> bool:
    """True if the array may succeed although some items failed."""
    return array.HasField("min_successes") or (array.HasField("min_success_ratio") and array.min_success_ratio < 1)


def _check_settings(array: workflow_pb2.ArrayNode, node_id: str, scope: Scope) -> None:
    if array.HasField("min_success_ratio") and not 0 <= array.min_success_ratio <= 1:
        scope.findings.add(
            Code.INVALID_VALUE,
            node_id,
            f"the success ratio is {array.min_success_ratio:g}; give a number from 0 to 1",
        )
    seen: set[str] = set()
    for name in array.bound_inputs:
        if name in seen:
            scope.findings.add(Code.VALUE_COLLISION, node_id, f"bound input `{name}` is named twice; name it once")
        seen.add(name)


def _lists_of(interface: Interface, array: workflow_pb2.ArrayNode) -> Interface:
    bound = frozenset(array.bound_inputs)
    partial = tolerates_failures(array)
    return Interface(
        {name: kind if name in bound else _list_of(kind) for name, kind in interface.inputs.items()},
        {
            name: None if kind is None else _list_of(_optional(kind) if partial else kind)
            for name, kind in interface.outputs.items()
        },
        interface.required,
    )


def _list_of(kind: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(collection_type=kind)


def _optional(kind: types_pb2.LiteralType) -> types_pb2.LiteralType:
    if is_optional(kind):
        return kind
    none = types_pb2.LiteralType(simple=types_pb2.NONE)
    return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[kind, none]))


def _check_has_list(node: workflow_pb2.Node, interface: Interface, node_id: str, scope: Scope) -> None:
    """A required list that nothing binds counts as one: that it is not bound is an error of its own."""
    bound = frozenset(node.array_node.bound_inputs)
    given = {binding.var for binding in node.inputs if binding.var in interface.inputs}
    lists = [
        name
        for name in given | interface.required
        if name not in bound and interface.inputs[name].WhichOneof("type") == "collection_type"
    ]
    if given and not lists:
        scope.findings.add(
            Code.MISMATCHING_INTERFACES,
            node_id,
            "none of the inputs is a list to take the items from; leave at least one list out of `bound_inputs`",
        )
