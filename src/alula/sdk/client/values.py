"""Values without an interface that tells their types, by their form on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flyteidl.core import literals_pb2, types_pb2

from alula.core.literals.checking import PRIMITIVES
from alula.sdk.client.python_types import python_type_of
from alula.sdk.store import Store
from alula.sdk.types.engine import to_python


def values_of(literals: Mapping[str, literals_pb2.Literal], store: Store) -> dict[str, object]:
    """The values by name, in the order of the names."""
    return {name: value_of(literal, store) for name, literal in sorted(literals.items())}


def value_of(literal: literals_pb2.Literal, store: Store) -> object:
    """A value: of a dataclass its fields as a dict, of an enum its text."""
    match literal.WhichOneof("value"):
        case "collection":
            return [value_of(item, store) for item in literal.collection.literals]
        case "map":
            return {name: value_of(item, store) for name, item in literal.map.literals.items()}
        case "offloaded_metadata":
            content = Path(store.readable(literal.offloaded_metadata.uri)).read_bytes()
            return value_of(literals_pb2.Literal.FromString(content), store)
        case _ if literal.scalar.HasField("union"):
            return value_of(literal.scalar.union.value, store)
        case _ if literal.scalar.HasField("error"):
            return literal.scalar.error.message
        case _:
            return to_python(literal, python_type_of(_type_of(literal.scalar)), store)


def _type_of(scalar: literals_pb2.Scalar) -> types_pb2.LiteralType:
    match scalar.WhichOneof("value"):
        case "primitive":
            return types_pb2.LiteralType(simple=PRIMITIVES[scalar.primitive.WhichOneof("value") or "string_value"])
        case "blob":
            return types_pb2.LiteralType(blob=scalar.blob.metadata.type)
        case "structured_dataset" | "schema":
            return types_pb2.LiteralType(structured_dataset_type=types_pb2.StructuredDatasetType())
        case "binary" | "generic":
            return types_pb2.LiteralType(simple=types_pb2.STRUCT)
        case _:
            return types_pb2.LiteralType(simple=types_pb2.NONE)
