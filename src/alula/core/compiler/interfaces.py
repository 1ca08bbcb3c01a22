"""The check of interfaces: every input and output has a type, and one that this version knows."""

from __future__ import annotations

from flyteidl.core import interface_pb2, types_pb2

from alula.core.compiler.errors import Code, Findings

_SIMPLE_TYPES = frozenset(types_pb2.SimpleType.values())


def check_interface(interface: interface_pb2.TypedInterface, findings: Findings) -> None:
    """Report inputs and outputs of a task or workflow without a name or a usable type."""
    for word, variables in (("input", interface.inputs.variables), ("output", interface.outputs.variables)):
        for name in sorted(variables):
            variable = variables[name]
            if not name:
                findings.add(Code.VALUE_REQUIRED, "", f"an {word} has no name; name it")
            if variable.HasField("type"):
                check_type(variable.type, f"{word} `{name}`", "", findings)
            else:
                findings.add(Code.VALUE_REQUIRED, "", f"{word} `{name}` has no type; set it")


def check_type(literal_type: types_pb2.LiteralType, what: str, node_id: str, findings: Findings) -> None:
    """Report a type that holds a kind of type unknown to this version, at any depth."""
    stack = [literal_type]
    while stack:
        one = stack.pop()
        match one.WhichOneof("type"):
            case "collection_type":
                stack.append(one.collection_type)
            case "map_value_type":
                stack.append(one.map_value_type)
            case "union_type":
                stack.extend(one.union_type.variants)
                if not one.union_type.variants:
                    findings.add(Code.VALUE_REQUIRED, node_id, f"{what} is a union of nothing; give it variants")
            case "simple" if one.simple not in _SIMPLE_TYPES:
                _report(what, node_id, findings)
            case None:
                _report(what, node_id, findings)
            case _:
                pass


def _report(what: str, node_id: str, findings: Findings) -> None:
    findings.add(
        Code.IDL_TYPE_NOT_FOUND,
        node_id,
        f"{what} has a type that this version does not know; set its type, or update the platform",
    )
