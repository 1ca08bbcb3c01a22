"""The sources of values: the bindings of a compiled workflow, resolved once into records that a run evaluates.

Constants are built when the plan is made; a run only copies them and follows promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec
from flyteidl.core import literals_pb2

from alula.core.errors import AlulaError, TaskError
from alula.core.literals.attributes import Loaded, resolve_attribute

INPUTS = -1
"""The place of the scope's own inputs among the nodes that a promise may name."""


class Constant(msgspec.Struct, frozen=True):
    literal: literals_pb2.Literal


class Promise(msgspec.Struct, frozen=True):
    """Output `var` of node number `node`, or the scope's input of that name."""

    node: int
    var: str
    path: tuple[str | int, ...] = ()


class ListOf(msgspec.Struct, frozen=True):
    items: tuple[Source, ...]


class MapOf(msgspec.Struct, frozen=True):
    items: dict[str, Source]


Source: TypeAlias = Constant | Promise | ListOf | MapOf
Bindings: TypeAlias = tuple[tuple[str, Source], ...]
ValuesOf: TypeAlias = Callable[[int], literals_pb2.LiteralMap]
"""The outputs of a node by number, or the scope's inputs for `INPUTS`."""


class Unresolved(Exception):
    """A promise names something that its node did not produce."""

    def __init__(self, var: str, reason: str) -> None:
        super().__init__(f"input `{var}`: {reason}")
        self.error = TaskError("BindingResolutionFailure", str(self), kind="SYSTEM", recoverable=False)


def compile_bindings(bindings: Iterable[literals_pb2.Binding], nodes: Mapping[str, int]) -> Bindings:
    """The sources of a node's inputs; `nodes` gives each node id its number."""
    return tuple((binding.var, _compile(binding.binding, nodes)) for binding in bindings)


def _compile(data: literals_pb2.BindingData, nodes: Mapping[str, int]) -> Source:
    match data.WhichOneof("value"):
        case "promise":
            promise = data.promise
            node = INPUTS if promise.node_id in ("", "start-node") else nodes[promise.node_id]
            path = tuple(
                attribute.string_value if attribute.HasField("string_value") else attribute.int_value
                for attribute in promise.attr_path
            )
            return Promise(node, promise.var, path)
        case "collection":
            items = tuple(_compile(item, nodes) for item in data.collection.bindings)
            return _fold_list(items)
        case "map":
            # Sorted, as a protobuf map has another order in each process, and the order is that of what is loaded.
            return _fold_map({key: _compile(data.map.bindings[key], nodes) for key in sorted(data.map.bindings)})
        case "offloaded_metadata":
            return Constant(literals_pb2.Literal(offloaded_metadata=data.offloaded_metadata))
        case _:
            return Constant(literals_pb2.Literal(scalar=data.scalar))


def _fold_list(items: tuple[Source, ...]) -> Source:
    constants = [item.literal for item in items if isinstance(item, Constant)]
    if len(constants) < len(items):
        return ListOf(items)
    return Constant(literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=constants)))


def _fold_map(items: dict[str, Source]) -> Source:
    constants = {key: item.literal for key, item in items.items() if isinstance(item, Constant)}
    if len(constants) < len(items):
        return MapOf(items)
    return Constant(literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=constants)))


def has_path(source: Source) -> bool:
    """True if a part of another value is asked for."""
    match source:
        case Promise():
            return bool(source.path)
        case ListOf():
            return any(map(has_path, source.items))
        case MapOf():
            return any(map(has_path, source.items.values()))
        case Constant():
            return False


def resolve(bindings: Bindings, values: ValuesOf, loaded: Loaded) -> literals_pb2.LiteralMap:
    """The literals that a node starts with. `loaded` are values that were put aside and that paths may lead into.

    Raises:
        Unresolved: a promise can't be kept; names the input.
        NotLoaded: a path leads into a value that is not among the `loaded`.
    """
    resolved = literals_pb2.LiteralMap()
    literals = resolved.literals
    for var, source in bindings:
        try:
            literals[var].CopyFrom(_evaluate(source, values, loaded))
        except KeyError as missing:
            raise Unresolved(var, f"no output {missing} came from the node it is bound to") from missing
        except AlulaError as wrong:
            raise Unresolved(var, wrong.message) from wrong
    return resolved


def _evaluate(source: Source, values: ValuesOf, loaded: Loaded) -> literals_pb2.Literal:
    if isinstance(source, Promise):
        outputs = values(source.node).literals
        if source.var not in outputs:
            raise KeyError(source.var)
        literal = outputs[source.var]
        return resolve_attribute(literal, source.path, loaded) if source.path else literal
    if isinstance(source, Constant):
        return source.literal
    if isinstance(source, ListOf):
        items = [_evaluate(item, values, loaded) for item in source.items]
        return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
    entries = {key: _evaluate(item, values, loaded) for key, item in source.items.items()}
    return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=entries))
