"""The objects that a value refers to."""

from __future__ import annotations

from collections.abc import Iterator

from flyteidl.core import literals_pb2


def uris(literals: literals_pb2.LiteralMap) -> Iterator[str]:
    """URIs of all files, folders, data sets and values that were put aside in these values, however deep."""
    for literal in literals.literals.values():
        yield from _uris(literal)


def _uris(literal: literals_pb2.Literal) -> Iterator[str]:
    match literal.WhichOneof("value"):
        case "collection":
            for item in literal.collection.literals:
                yield from _uris(item)
        case "map":
            yield from uris(literal.map)
        case "scalar":
            yield from _scalar_uris(literal.scalar)
        case "offloaded_metadata":
            yield literal.offloaded_metadata.uri
        case _:
            return


def _scalar_uris(scalar: literals_pb2.Scalar) -> Iterator[str]:
    match scalar.WhichOneof("value"):
        case "blob":
            yield scalar.blob.uri
        case "structured_dataset":
            yield scalar.structured_dataset.uri
        case "schema":
            yield scalar.schema.uri
        case "union":
            yield from _uris(scalar.union.value)
        case _:
            return
