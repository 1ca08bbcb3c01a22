"""One name for equal values: hashes of literals, of types and of interfaces.

Equal means equal to a task: the order of a map, the order of fields in a packed dataclass, descriptions and
annotations of types and where a map was built do not count. A literal that carries a `hash` is that hash, at
any depth. Numbers keep their kind: 1, 1.0 and `True` differ.

The hash is of a tree of tagged lists in msgpack with sorted keys, not of protobuf bytes, whose order is
allowed to change between versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from alula.core.literals.packed import MSGPACK_TAG, NotUnpackable, unpack
from alula.core.literals.structs import Plain, plain_struct

_Tree = list[Any]  # msgpack's own values: no type of ours says more
_encoder = msgspec.msgpack.Encoder(order="deterministic")


def hash_literal(literal: literals_pb2.Literal) -> str:
    """The SHA-256 of a value, in hexadecimal."""
    return _digest(_literal(literal))


def hash_literal_map(literals: literals_pb2.LiteralMap) -> str:
    """The SHA-256 of named values, whatever their order."""
    return _digest(_literals(literals))


def hash_type(literal_type: types_pb2.LiteralType) -> str:
    """The SHA-256 of a type, without its annotations and descriptions."""
    return _digest(_type(literal_type))


def hash_variable_map(variables: interface_pb2.VariableMap) -> str:
    """The SHA-256 of the names and types of inputs or outputs; descriptions do not count."""
    return _digest(_variables(variables))


def hash_interface(interface: interface_pb2.TypedInterface) -> str:
    """The SHA-256 of inputs and outputs together."""
    return _digest([_variables(interface.inputs), _variables(interface.outputs)])


def _digest(tree: object) -> str:
    return hashlib.sha256(_encoder.encode(tree)).hexdigest()


def _literals(literals: literals_pb2.LiteralMap) -> dict[str, _Tree]:
    return {name: _literal(literal) for name, literal in literals.literals.items()}


def _literal(literal: literals_pb2.Literal) -> _Tree:
    if literal.hash:
        return ["hash", literal.hash]
    match literal.WhichOneof("value"):
        case "scalar":
            return _scalar(literal.scalar)
        case "collection":
            return ["list", [_literal(item) for item in literal.collection.literals]]
        case "map":
            return ["map", _literals(literal.map)]
        case "offloaded_metadata":
            return ["offloaded", literal.offloaded_metadata.uri, literal.offloaded_metadata.size_bytes]
        case _:
            return ["nothing"]


def _scalar(scalar: literals_pb2.Scalar) -> _Tree:
    match scalar.WhichOneof("value"):
        case "primitive":
            return _primitive(scalar.primitive)
        case "blob":
            return ["blob", scalar.blob.uri, *_blob(scalar.blob.metadata.type)]
        case "binary":
            return _binary(scalar.binary)
        case "schema":
            return ["schema", scalar.schema.uri, _schema(scalar.schema.type)]
        case "error":
            return ["error", scalar.error.failed_node_id, scalar.error.message]
        case "generic":
            return ["struct", _ordered(plain_struct(scalar.generic))]
        case "structured_dataset":
            dataset = scalar.structured_dataset
            return ["dataset", dataset.uri, _dataset(dataset.metadata.structured_dataset_type)]
        case "union":
            return ["union", _type(scalar.union.type), _literal(scalar.union.value)]
        case _:
            return ["none"]


def _primitive(primitive: literals_pb2.Primitive) -> _Tree:
    match primitive.WhichOneof("value"):
        case "integer":
            return ["int", primitive.integer]
        case "float_value":
            return ["float", primitive.float_value]
        case "string_value":
            return ["str", primitive.string_value]
        case "boolean":
            return ["bool", primitive.boolean]
        case "datetime":
            return ["datetime", primitive.datetime.seconds, primitive.datetime.nanos]
        case "duration":
            return ["duration", primitive.duration.seconds, primitive.duration.nanos]
        case _:
            return ["nothing"]


def _binary(binary: literals_pb2.Binary) -> _Tree:
    if binary.tag == MSGPACK_TAG:
        try:
            return ["packed", _ordered(unpack(binary.value))]
        except NotUnpackable:
            pass  # not msgpack whatever its tag says: the bytes are the value
    return ["binary", binary.tag, binary.value]


def _ordered(value: Any) -> Any:
    """Mappings as lists of pairs, sorted by the bytes of their keys: those may be of any type in msgpack."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        pairs = [(_encoder.encode(key), _ordered(entry)) for key, entry in entries.items()]
        return ["map", sorted(pairs, key=lambda pair: pair[0])]
    if isinstance(value, list):
        return ["list", [_ordered(item) for item in cast("list[Any]", value)]]
    return value


def _variables(variables: interface_pb2.VariableMap) -> dict[str, _Tree]:
    return {name: _type(variable.type) for name, variable in variables.variables.items()}


def _type(literal_type: types_pb2.LiteralType) -> _Tree:
    tree = _kind(literal_type)
    if literal_type.HasField("structure"):
        structure = literal_type.structure
        fields = {name: _type(field) for name, field in structure.dataclass_type.items()}
        tree = [*tree, structure.tag, fields]
    if literal_type.simple == types_pb2.STRUCT and literal_type.HasField("metadata"):
        tree = [*tree, _ordered(_without_descriptions(plain_struct(literal_type.metadata)))]
    return tree


def _kind(literal_type: types_pb2.LiteralType) -> _Tree:
    match literal_type.WhichOneof("type"):
        case "simple":
            return ["simple", int(literal_type.simple)]
        case "collection_type":
            return ["list", _type(literal_type.collection_type)]
        case "map_value_type":
            return ["map", _type(literal_type.map_value_type)]
        case "union_type":
            return ["union", [_type(variant) for variant in literal_type.union_type.variants]]
        case "enum_type":
            return ["enum", list(literal_type.enum_type.values)]
        case "blob":
            return ["blob", *_blob(literal_type.blob)]
        case "schema":
            return ["schema", _schema(literal_type.schema)]
        case "structured_dataset_type":
            return ["dataset", _dataset(literal_type.structured_dataset_type)]
        case _:
            return ["nothing"]


def _blob(blob: types_pb2.BlobType) -> _Tree:
    return [blob.format, int(blob.dimensionality)]


def _schema(schema: types_pb2.SchemaType) -> _Tree:
    return [[column.name, int(column.type)] for column in schema.columns]


def _dataset(dataset: types_pb2.StructuredDatasetType) -> _Tree:
    columns = [[column.name, _type(column.literal_type)] for column in dataset.columns]
    return [columns, dataset.format, dataset.external_schema_type, dataset.external_schema_bytes]


def _without_descriptions(schema: Plain) -> Plain:
    """A JSON schema without its descriptions; a *field* called `description` is a mapping and stays."""
    if isinstance(schema, Mapping):
        return {
            key: _without_descriptions(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_descriptions(item) for item in schema]
    return schema
