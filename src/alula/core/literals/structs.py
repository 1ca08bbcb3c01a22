"""`google.protobuf.Struct` as plain values: those of JSON, nothing else.

Owns the two directions of that conversion. Numbers of a `Struct` are doubles, so they come back as floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from google.protobuf import struct_pb2

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"


def plain_struct(struct: struct_pb2.Struct) -> dict[str, Plain]:
    """The entries of a `Struct`, recursively, by their keys: a map of the wire has another order in each process."""
    return {key: plain_value(struct.fields[key]) for key in sorted(struct.fields)}


def plain_value(value: struct_pb2.Value) -> Plain:
    """One value of a `Struct`; a value without a kind is `None`."""
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            return value.number_value
        case "string_value":
            return value.string_value
        case "struct_value":
            return plain_struct(value.struct_value)
        case "list_value":
            return [plain_value(item) for item in value.list_value.values]
        case _:
            return None


def struct_of(entries: Mapping[str, Plain]) -> struct_pb2.Struct:
    """The `Struct` of these entries."""
    return struct_pb2.Struct(fields={key: value_of(entry) for key, entry in entries.items()})


def value_of(plain: Plain) -> struct_pb2.Value:
    """One plain value as a value of a `Struct`; an integer becomes a double."""
    match plain:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=plain)
        case int() | float():
            return struct_pb2.Value(number_value=plain)
        case str():
            return struct_pb2.Value(string_value=plain)
        case Mapping():
            return struct_pb2.Value(struct_value=struct_of(plain))
        case _:
            items = [value_of(item) for item in plain]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
