"""Values of JSON as literals of an expected type. Nothing is guessed: a text is no number, and a number no text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
from flyteidl.core import literals_pb2, types_pb2

from alula.core.literals.casting import explain_type
from alula.core.literals.packed import MSGPACK_TAG
from alula.core.literals.raw_text import INTEGERS, NotAValue, value_of_file

_TEXTS = (types_pb2.DATETIME, types_pb2.DURATION)
"""Types whose values are texts in JSON."""


# `Any`: whatever JSON holds.
def literal_of_json(value: Any, expected: types_pb2.LiteralType) -> literals_pb2.Literal:
    """The literal of this type that a value of JSON is. Raises `NotAValue`."""
    match expected.WhichOneof("type"):
        case "collection_type":
            items = [literal_of_json(item, expected.collection_type) for item in _checked(value, list, "list")]
            return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
        case "map_value_type":
            entries = _checked(value, dict, "object")
            parts = {name: literal_of_json(entry, expected.map_value_type) for name, entry in entries.items()}
            return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=parts))
        case "union_type":
            return _of_union(value, expected.union_type)
        case "enum_type":
            return value_of_file(_checked(value, str, "text").encode(), expected)
        case "simple":
            return literals_pb2.Literal(scalar=_simple(value, expected))
        case _:
            raise NotAValue(f"JSON has no value of type {explain_type(expected)}")


def can_be_json(expected: types_pb2.LiteralType) -> bool:
    """True if JSON has values of this type."""
    match expected.WhichOneof("type"):
        case "collection_type":
            return can_be_json(expected.collection_type)
        case "map_value_type":
            return can_be_json(expected.map_value_type)
        case "union_type":
            return any(can_be_json(variant) for variant in expected.union_type.variants)
        case "enum_type":
            return True
        case kind:
            return kind == "simple" and (expected.simple in _READERS or expected.simple in _TEXTS)


def _of_union(value: Any, union: types_pb2.UnionType) -> literals_pb2.Literal:
    """The value as the first of the variants that it is a value of."""
    for variant in union.variants:
        try:
            found = literals_pb2.Union(value=literal_of_json(value, variant), type=variant)
        except NotAValue:
            continue
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=found))
    listing = ", ".join(explain_type(variant) for variant in union.variants)
    raise NotAValue(f"{_shown(value)} is none of {listing}")


def _simple(value: Any, expected: types_pb2.LiteralType) -> literals_pb2.Scalar:
    if expected.simple in _TEXTS:
        return value_of_file(_checked(value, str, "text").encode(), expected).scalar
    reader = _READERS.get(expected.simple)
    if reader is None:
        raise NotAValue(f"JSON has no value of type {explain_type(expected)}")
    return reader(value)


def _integer(value: Any) -> literals_pb2.Scalar:
    if isinstance(value, bool) or not isinstance(value, int) or value not in INTEGERS:
        raise NotAValue(f"{_shown(value)} is no integer of 64 bits")
    return _primitive(integer=value)


def _float(value: Any) -> literals_pb2.Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAValue(f"{_shown(value)} is no number")
    try:
        return _primitive(float_value=float(value))
    except OverflowError:
        raise NotAValue(f"{_shown(value)} is too large a number") from None


def _string(value: Any) -> literals_pb2.Scalar:
    return _primitive(string_value=_checked(value, str, "text"))


def _boolean(value: Any) -> literals_pb2.Scalar:
    return _primitive(boolean=_checked(value, bool, "bool"))


def _none(value: Any) -> literals_pb2.Scalar:
    if value is not None:
        raise NotAValue(f"{_shown(value)} is not null")
    return literals_pb2.Scalar(none_type=literals_pb2.Void())


def _struct(value: Any) -> literals_pb2.Scalar:
    """An object or list, packed as the SDK packs dicts and dataclasses: integers stay integers."""
    if not isinstance(value, dict | list):
        raise NotAValue(f"{_shown(value)} is no object")
    try:
        packed = msgspec.msgpack.encode(cast("object", value))
    except OverflowError:
        raise NotAValue("it has an integer of more than 64 bits") from None
    return literals_pb2.Scalar(binary=literals_pb2.Binary(value=packed, tag=MSGPACK_TAG))


_READERS: Mapping[int, Callable[[Any], literals_pb2.Scalar]] = {
    types_pb2.INTEGER: _integer,
    types_pb2.FLOAT: _float,
    types_pb2.STRING: _string,
    types_pb2.BOOLEAN: _boolean,
    types_pb2.NONE: _none,
    types_pb2.STRUCT: _struct,
}


def _primitive(**value: Any) -> literals_pb2.Scalar:
    return literals_pb2.Scalar(primitive=literals_pb2.Primitive(**value))


def _checked(value: Any, kind: type, word: str) -> Any:
    if not isinstance(value, kind):
        raise NotAValue(f"{_shown(value)} is no {word}")
    return value


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"
