"""Types and literals for tests, in few words."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from flyteidl.core import literals_pb2, types_pb2

from alula.core.literals.structs import Plain, struct_of

INT = types_pb2.LiteralType(simple=types_pb2.INTEGER)
FLOAT = types_pb2.LiteralType(simple=types_pb2.FLOAT)
STR = types_pb2.LiteralType(simple=types_pb2.STRING)
BOOL = types_pb2.LiteralType(simple=types_pb2.BOOLEAN)
NONE = types_pb2.LiteralType(simple=types_pb2.NONE)
STRUCT = types_pb2.LiteralType(simple=types_pb2.STRUCT)


def list_type(item: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(collection_type=item)


def dict_type(item: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(map_value_type=item)


def union(*variants: types_pb2.LiteralType) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=variants))


def tagged(literal_type: types_pb2.LiteralType, tag: str) -> types_pb2.LiteralType:
    copy = types_pb2.LiteralType()
    copy.CopyFrom(literal_type)
    copy.structure.tag = tag
    return copy


def enum(*values: str) -> types_pb2.LiteralType:
    return types_pb2.LiteralType(enum_type=types_pb2.EnumType(values=values))


def blob(format: str = "", *, directory: bool = False) -> types_pb2.LiteralType:
    shape = types_pb2.BlobType.MULTIPART if directory else types_pb2.BlobType.SINGLE
    return types_pb2.LiteralType(blob=types_pb2.BlobType(format=format, dimensionality=shape))


def dataset(format: str = "", **columns: types_pb2.LiteralType) -> types_pb2.LiteralType:
    column = types_pb2.StructuredDatasetType.DatasetColumn
    kind = types_pb2.StructuredDatasetType(
        format=format, columns=[column(name=name, literal_type=one) for name, one in columns.items()]
    )
    return types_pb2.LiteralType(structured_dataset_type=kind)


def schema(**columns: types_pb2.SchemaType.SchemaColumn.SchemaColumnType) -> types_pb2.LiteralType:
    column = types_pb2.SchemaType.SchemaColumn
    kind = types_pb2.SchemaType(columns=[column(name=name, type=one) for name, one in columns.items()])
    return types_pb2.LiteralType(schema=kind)


def dataclass(title: str, fields: Mapping[str, str], *, required: tuple[str, ...] = ()) -> types_pb2.LiteralType:
    """A struct with a JSON schema of `fields`, each with its JSON type."""
    described: dict[str, Plain] = {
        "title": title,
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": list(required or fields),
        "additionalProperties": False,
    }
    return types_pb2.LiteralType(simple=types_pb2.STRUCT, metadata=struct_of(described))


def lit(value: object) -> literals_pb2.Literal:
    """A literal of a plain value; a dict becomes a map of literals, a literal stays itself."""
    scalar = literals_pb2.Scalar
    match value:
        case literals_pb2.Literal():
            return value
        case None:
            return literals_pb2.Literal(scalar=scalar(none_type=literals_pb2.Void()))
        case bool():
            return literals_pb2.Literal(scalar=scalar(primitive=literals_pb2.Primitive(boolean=value)))
        case int():
            return literals_pb2.Literal(scalar=scalar(primitive=literals_pb2.Primitive(integer=value)))
        case float():
            return literals_pb2.Literal(scalar=scalar(primitive=literals_pb2.Primitive(float_value=value)))
        case str():
            return literals_pb2.Literal(scalar=scalar(primitive=literals_pb2.Primitive(string_value=value)))
        case list():
            items = [lit(item) for item in value]
            return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
        case dict():
            return literals_pb2.Literal(
                map=literals_pb2.LiteralMap(literals={key: lit(item) for key, item in value.items()})
            )
        case _:
            raise TypeError(type(value))


def packed(value: object) -> literals_pb2.Literal:
    """A dataclass or dict as SDKs send it."""
    binary = literals_pb2.Binary(value=msgspec.msgpack.encode(value), tag="msgpack")
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=binary))


def generic(value: Mapping[str, Plain]) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(generic=struct_of(value)))


def union_value(value: literals_pb2.Literal, variant: types_pb2.LiteralType) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=literals_pb2.Union(value=value, type=variant)))


def file(uri: str, kind: types_pb2.LiteralType) -> literals_pb2.Literal:
    metadata = literals_pb2.BlobMetadata(type=kind.blob)
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(blob=literals_pb2.Blob(uri=uri, metadata=metadata)))
