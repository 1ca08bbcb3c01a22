"""FlyteIDL's messages of values and types, by the names under which flytekit has its own classes of them."""

from __future__ import annotations

from flyteidl.core.literals_pb2 import Blob, BlobMetadata, Literal, Scalar
from flyteidl.core.types_pb2 import BlobType, LiteralType, StructuredDatasetType

__all__ = ["Blob", "BlobMetadata", "BlobType", "Literal", "LiteralType", "Scalar", "StructuredDatasetType"]
