"""Types as FlyteIDL's messages."""

from __future__ import annotations

from flyteidl.core.types_pb2 import (
    Error,
    LiteralType,
    OutputReference,
    SchemaType,
    SimpleType,
    StructuredDatasetType,
    TypeStructure,
    UnionType,
)

from alula.sdk.absent import refuse_others

__all__ = [
    "Error",
    "LiteralType",
    "OutputReference",
    "SchemaType",
    "SimpleType",
    "StructuredDatasetType",
    "TypeStructure",
    "UnionType",
]

refuse_others(__name__)
