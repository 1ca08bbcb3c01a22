"""Promises: the references inside bindings, their form and their types.

A promise is rewritten to one form: a workflow input comes from `start-node`, and the old notation `[2].out` for
an item of a list becomes an attribute path, an alias becomes the output behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from flyteidl.core import literals_pb2, types_pb2

from alula.core.compiler.errors import Code
from alula.core.compiler.graph import START
from alula.core.compiler.scope import Scope
from alula.core.literals.casting import explain_type, is_none

_INDEXED = re.compile(r"\[(\d{1,9})\]\.([^.\[\]\s]+)")


def promises_in(bindings: Iterable[literals_pb2.Binding]) -> Iterator[types_pb2.OutputReference]:
    """Every promise, at any depth of lists and maps."""
    stack = [binding.binding for binding in bindings]
    while stack:
        data = stack.pop()
        match data.WhichOneof("value"):
            case "promise":
                yield data.promise
            case "collection":
                stack.extend(data.collection.bindings)
            case "map":
                stack.extend(data.map.bindings.values())
            case _:
                pass


def settle_promises(bindings: Iterable[literals_pb2.Binding], reader: str, scope: Scope) -> list[str]:
    """Bring all promises into the one form and give the ids of the nodes that they name, without repeats.

    Reports what can't be read and nodes that do not exist.
    """
    sources: dict[str, None] = {}
    for promise in promises_in(bindings):
        if not promise.node_id:
            promise.node_id = START
        if scope.is_source(promise.node_id):
            sources[promise.node_id] = None
        else:
            scope.report_no_source(promise.node_id, f"a binding takes `{promise.var}` from node", reader=reader)
        _settle_var(promise, reader, scope)
    return list(sources)


def _settle_var(promise: types_pb2.OutputReference, reader: str, scope: Scope) -> None:
    if not promise.var:
        scope.findings.add(
            Code.VALUE_REQUIRED,
            reader,
            f"a promise on node `{promise.node_id}` names no output; set its `var`",
        )
    elif promise.var.startswith("["):
        match = _INDEXED.fullmatch(promise.var)
        if match is None:
            scope.findings.add(
                Code.SYNTAX_ERROR, reader, f"`{promise.var}` is not an output; write `name` or `[index].name`"
            )
            return
        path = [types_pb2.PromiseAttribute(int_value=int(match[1])), *promise.attr_path]
        promise.var = match[2]
        del promise.attr_path[:]
        promise.attr_path.extend(path)


def promise_type(promise: types_pb2.OutputReference, reader: str, scope: Scope) -> types_pb2.LiteralType | None:
    """The type of the value of a settled promise, `None` if it can't be known before the run."""
    if not promise.var or promise.var.startswith("["):
        return None  # reported when it was settled
    if not scope.is_source(promise.node_id):
        return None
    promise.var = scope.aliases.get(promise.node_id, {}).get(promise.var, promise.var)
    literal_type = scope.output_type(promise.node_id, promise.var, reader=reader)
    if literal_type is None or not promise.attr_path:
        return literal_type
    return _attribute_type(literal_type, promise, reader, scope)


def _attribute_type(
    literal_type: types_pb2.LiteralType,
    promise: types_pb2.OutputReference,
    reader: str,
    scope: Scope,
) -> types_pb2.LiteralType | None:
    for step in promise.attr_path:
        literal_type = _sure(literal_type)
        found = _part(literal_type, step)
        if isinstance(found, str):
            scope.findings.add(
                Code.FIELD_NOT_FOUND,
                reader,
                f"`{promise.node_id}.{promise.var}{_shown(promise.attr_path)}` leads nowhere: {found}",
            )
            return None
        if found is None:
            return None
        literal_type = found
    return literal_type


def _part(literal_type: types_pb2.LiteralType, step: types_pb2.PromiseAttribute) -> types_pb2.LiteralType | str | None:
    """The type one step further in; `None` if only the run can tell, or text if the step is wrong."""
    by_name = step.WhichOneof("value") == "string_value"
    match literal_type.WhichOneof("type"):
        case "collection_type":
            if by_name:
                return f"{explain_type(literal_type)} has positions, not the field `{step.string_value}`"
            if step.int_value < 0:
                return f"the position {step.int_value} is negative; count from the beginning, from 0 on"
            return literal_type.collection_type
        case "map_value_type":
            if not by_name:
                return f"{explain_type(literal_type)} has text keys, not the position {step.int_value}"
            return literal_type.map_value_type
        case "simple" if literal_type.simple == types_pb2.STRUCT:
            fields = literal_type.structure.dataclass_type
            if not fields:
                return None
            if by_name and step.string_value in fields:
                return fields[step.string_value]
            wanted = f"field `{step.string_value}`" if by_name else f"position {step.int_value}"
            return (
                f"{explain_type(literal_type)} has no {wanted}, but {', '.join(f'`{name}`' for name in sorted(fields))}"
            )
        case "union_type":
            return None
        case _:
            return f"{explain_type(literal_type)} has no parts"


def _sure(literal_type: types_pb2.LiteralType) -> types_pb2.LiteralType:
    """`T` for an `Optional[T]`: the path goes into that if there is anything."""
    present = [variant for variant in literal_type.union_type.variants if not is_none(variant)]
    return present[0] if len(present) == 1 else literal_type


def _shown(path: Sequence[types_pb2.PromiseAttribute]) -> str:
    return "".join(
        f".{step.string_value}" if step.WhichOneof("value") == "string_value" else f"[{step.int_value}]"
        for step in path
    )
