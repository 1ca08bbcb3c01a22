"""The Python type in which a program without the author's code meets a value of a Flyte type. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Union

from flyteidl.core import types_pb2

from alula.core.errors import InvalidInput
from alula.sdk.types.containers import ListTransformer, MapTransformer, is_document_type
from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.file import FlyteFile
from alula.sdk.types.structured_dataset import StructuredDataset

_SIMPLE: dict[int, Any] = {
    types_pb2.NONE: type(None),
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: float,
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
    types_pb2.DATETIME: datetime,
    types_pb2.DURATION: timedelta,
    types_pb2.STRUCT: dict,
}
_DOCUMENTS: dict[str, Any] = {ListTransformer.tag: list, MapTransformer.tag: dict}
"""Untyped lists and dicts by the tag that they have as variants of a union."""


def python_type_of(literal_type: types_pb2.LiteralType) -> Any:
    """`int` for INTEGER, `list[T]` for a collection, `dict` for a dataclass, `str` for an enum ...

    An untyped list and an untyped dict have one type on the wire, so that is `dict | list`.

    Raises `InvalidInput` code `UnsupportedType` for types that have no value in Python.
    """
    match literal_type.WhichOneof("type"):
        case "simple" if literal_type.simple == types_pb2.DATETIME and literal_type.structure.tag == date.__name__:
            return date  # a variant of a union, which its tag names
        case "simple" if is_untyped(literal_type):
            return _DOCUMENTS.get(literal_type.structure.tag, dict | list)
        case "simple" if literal_type.simple in _SIMPLE:
            return _SIMPLE[literal_type.simple]
        case "collection_type":
            return list[python_type_of(literal_type.collection_type)]
        case "map_value_type":
            return dict[str, python_type_of(literal_type.map_value_type)]
        case "blob":
            single = literal_type.blob.dimensionality == types_pb2.BlobType.SINGLE
            return FlyteFile if single else FlyteDirectory
        case "structured_dataset_type" | "schema":
            return StructuredDataset
        case "enum_type":
            return str
        case "union_type":
            return Union[tuple(python_type_of(variant) for variant in literal_type.union_type.variants)]  # noqa: UP007
        case _:
            kind = str(literal_type).strip().replace("\n", " ")
            raise InvalidInput("UnsupportedType", f"a value of Flyte's type `{kind}` has no form in Python here")


def is_untyped(literal_type: types_pb2.LiteralType) -> bool:
    """True if it is the type of documents that no schema describes."""
    return is_document_type(literal_type) and not literal_type.metadata.fields
