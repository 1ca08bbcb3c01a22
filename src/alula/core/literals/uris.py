"""The objects that a value refers to."""

from __future__ import annotations

from collections.abc import Iterator

from flyteidl.core import literals_pb2

from alula.core.literals.parts import parts


def uris(literals: literals_pb2.LiteralMap) -> Iterator[str]:
    """URIs of all files, folders, data sets and values that were put aside in these values, however deep."""
    for literal in literals.literals.values():
        yield from _uris(literal)


def _uris(literal: literals_pb2.Literal) -> Iterator[str]:
    if literal.HasField("offloaded_metadata"):
        yield literal.offloaded_metadata.uri
    match literal.scalar.WhichOneof("value"):
        case "blob":
            yield literal.scalar.blob.uri
        case "structured_dataset":
            yield literal.scalar.structured_dataset.uri
        case "schema":
            yield literal.scalar.schema.uri
        case _:
            for part in parts(literal):
                yield from _uris(part)
