"""The values inside a value."""

from __future__ import annotations

from collections.abc import Iterator

from flyteidl.core import literals_pb2


def parts(literal: literals_pb2.Literal) -> Iterator[literals_pb2.Literal]:
    """The values directly inside: the items of a list, the entries of a map, the value of a union."""
    match literal.WhichOneof("value"):
        case "collection":
            yield from literal.collection.literals
        case "map":
            yield from literal.map.literals.values()
        case "scalar" if literal.scalar.HasField("union"):
            yield literal.scalar.union.value
        case _:
            return
