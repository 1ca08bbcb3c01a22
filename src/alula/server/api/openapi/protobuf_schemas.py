"""JSON Schemas of protobuf messages, in the form in which the REST side reads and writes them.

Source of the form: the ProtoJSON mapping of protobuf, with field names as the specification writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Schema = dict[str, Any]

# Integers of 64 bits are texts in answers, as JSON's numbers lose digits; requests may send either.
_INT64: Schema = {"type": ["string", "integer"], "format": "int64"}
_FLOAT: Schema = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_KINDS: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.CPPTYPE_INT64: _INT64,
    FieldDescriptor.CPPTYPE_UINT64: _INT64,
    FieldDescriptor.CPPTYPE_FLOAT: _FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE: _FLOAT,
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}
_BYTES: Schema = {"type": "string", "contentEncoding": "base64"}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$", "examples": ["1.5s"]},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Any": {"type": "object", "required": ["@type"]},
    "google.protobuf.Empty": {"type": "object", "maxProperties": 0},
    "google.protobuf.BoolValue": {"type": ["boolean", "null"]},
    "google.protobuf.StringValue": {"type": ["string", "null"]},
    "google.protobuf.Int64Value": {"type": ["string", "integer", "null"], "format": "int64"},
}
"""Messages with a JSON form of their own."""


def reference(message: Descriptor) -> Schema:
    """The schema of a message by name."""
    return {"$ref": f"#/components/schemas/{message.full_name}"}


def schemas_of(*roots: Descriptor) -> dict[str, Schema]:
    """The schemas of these messages and of all that they refer to, by full name."""
    found: dict[str, Schema] = {}
    waiting: list[Descriptor | EnumDescriptor] = list(roots)
    while waiting:
        kind = waiting.pop()
        if kind.full_name in found:
            continue
        found[kind.full_name] = _enum(kind) if isinstance(kind, EnumDescriptor) else _message(kind)
        if isinstance(kind, Descriptor) and kind.full_name not in _WELL_KNOWN:
            waiting += _mentioned(kind)
    return dict(sorted(found.items()))


def parameters_of(message: Descriptor, *, without: frozenset[str]) -> Iterator[tuple[str, Schema]]:
    """Dotted path and schema of each field that a query can set; `without`: the paths that stand elsewhere."""
    yield from _parameters(message, "", (), without)


def field_at(message: Descriptor, path: str) -> Schema:
    """The schema of the field at a dotted path."""
    first, _, rest = path.partition(".")
    field = message.fields_by_name[first]
    return field_at(field.message_type, rest) if rest and field.message_type is not None else _field(field)


def _parameters(
    message: Descriptor, prefix: str, around: tuple[Descriptor, ...], without: frozenset[str]
) -> Iterator[tuple[str, Schema]]:
    for field in message.fields:
        path = f"{prefix}{field.name}"
        inner = field.message_type
        if path in without:
            continue
        if inner is None or inner.full_name in _WELL_KNOWN:
            yield path, _field(field)
        elif not field.is_repeated and inner not in around:
            yield from _parameters(inner, f"{path}.", (*around, message), without)


def _message(message: Descriptor) -> Schema:
    if message.full_name in _WELL_KNOWN:
        return _WELL_KNOWN[message.full_name]
    schema: Schema = {"type": "object", "properties": {field.name: _field(field) for field in message.fields}}
    choices = [oneof for oneof in message.oneofs if len(oneof.fields) > 1]
    if choices:
        of_each = ("one of " + ", ".join(field.name for field in oneof.fields) for oneof in choices)
        schema["description"] = f"At most {'; '.join(of_each)}."
    return schema


def _field(field: FieldDescriptor) -> Schema:
    if _is_map(field):
        assert field.message_type is not None, "a map is a repeated message"
        return {"type": "object", "additionalProperties": _single(field.message_type.fields_by_name["value"])}
    return {"type": "array", "items": _single(field)} if field.is_repeated else _single(field)


def _single(field: FieldDescriptor) -> Schema:
    if field.message_type is not None:
        return reference(field.message_type)
    if field.enum_type is not None:
        return {"$ref": f"#/components/schemas/{field.enum_type.full_name}"}
    return _BYTES if field.type == FieldDescriptor.TYPE_BYTES else _KINDS[field.cpp_type]


def _enum(kind: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [value.name for value in kind.values]}


def _mentioned(message: Descriptor) -> Iterator[Descriptor | EnumDescriptor]:
    for field in message.fields:
        held = field
        if _is_map(field) and field.message_type is not None:
            held = field.message_type.fields_by_name["value"]
        kind = held.message_type or held.enum_type
        if kind is not None:
            yield kind


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
