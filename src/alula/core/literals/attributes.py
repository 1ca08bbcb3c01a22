"""Reaching into a value: `promise.field["key"][0]`, resolved on the literal when the promise is kept.

Lists and maps of literals are walked as they are; inside a dataclass or dict the path goes on in its msgpack
or `Struct` form, and its end becomes a literal again: a number, text or truth value a primitive (an
integer stays one), a list a collection, `None` void, anything with fields a struct in the same encoding. A value
that was put aside must have been loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import msgspec
from flyteidl.core import literals_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.packed import MSGPACK_TAG, NotUnpackable, unpack
from alula.core.literals.structs import Plain, plain_struct, struct_of

Path: TypeAlias = Sequence[str | int]
Loaded: TypeAlias = Mapping[str, literals_pb2.Literal]
"""Values that were put aside, by URI."""
_INT64 = range(-(2**63), 2**63)


class NotLoaded(Exception):
    """A value that a path leads into was put aside and is not loaded."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.uri = uri


def resolve_attribute(literal: literals_pb2.Literal, path: Path, loaded: Loaded) -> literals_pb2.Literal:
    """The part of `literal` at `path`: keys and field names as text, positions as integers.

    Raises:
        InvalidInput: code `PromiseAttributeResolveError` where the path leads nowhere; names the step.
        NotLoaded: a value on the way was put aside and is not among the `loaded`.
    """
    for depth, step in enumerate(path):
        literal = _unwrapped(literal, loaded)
        match literal.WhichOneof("value"):
            case "map":
                entries = literal.map.literals
                if not isinstance(step, str) or step not in entries:
                    raise _missing(path, depth, f"there is no key among {_some(sorted(entries))}")
                literal = entries[step]
            case "collection":
                items = literal.collection.literals
                if not isinstance(step, int) or not 0 <= step < len(items):
                    raise _missing(path, depth, f"the list has {len(items)} items")
                literal = items[step]
            case "scalar":
                return _resolve_scalar(literal.scalar, path, depth)
            case _:
                raise _missing(path, depth, "there is no value")
    return literal


def _unwrapped(literal: literals_pb2.Literal, loaded: Loaded) -> literals_pb2.Literal:
    while True:
        if literal.WhichOneof("value") == "offloaded_metadata":
            uri = literal.offloaded_metadata.uri
            if uri not in loaded:
                raise NotLoaded(uri)
            literal = loaded[uri]
        elif literal.scalar.HasField("union"):
            literal = literal.scalar.union.value
        else:
            return literal


def _resolve_scalar(scalar: literals_pb2.Scalar, path: Path, depth: int) -> literals_pb2.Literal:
    match scalar.WhichOneof("value"):
        case "binary" if scalar.binary.tag == MSGPACK_TAG:
            found = _walk(_unpacked(scalar.binary.value, path, depth), path, depth)
            return _literal_of(found, path, packed=True)
        case "generic":
            return _literal_of(_walk(plain_struct(scalar.generic), path, depth), path, packed=False)
        case "binary":
            raise _missing(path, depth, f"the value is opaque, with tag `{scalar.binary.tag}`")
        case kind:
            raise _missing(path, depth, f"a value of kind `{kind}` has no parts")


def _unpacked(packed: bytes, path: Path, depth: int) -> Plain:
    try:
        return cast("Plain", unpack(packed))  # msgpack's values are those of JSON, and bytes
    except NotUnpackable as broken:
        raise _missing(path, depth, str(broken)) from broken


def _walk(value: Plain, path: Path, depth: int) -> Plain:
    for at in range(depth, len(path)):
        step = path[at]
        if isinstance(value, Mapping):
            if step not in value:
                raise _missing(path, at, f"there is no such field among {_some(list(value))}")
            value = value[cast("str", step)]  # a key that is in the mapping, be it an integer
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if not isinstance(step, int) or not 0 <= step < len(value):
                raise _missing(path, at, f"the list has {len(value)} items")
            value = value[step]
        else:
            raise _missing(path, at, f"a value of type {type(value).__name__} has no parts")
    return value


def _literal_of(value: Plain, path: Path, *, packed: bool) -> literals_pb2.Literal:
    primitive: literals_pb2.Primitive
    match value:
        case None:
            return literals_pb2.Literal(scalar=literals_pb2.Scalar(none_type=literals_pb2.Void()))
        case bool():
            primitive = literals_pb2.Primitive(boolean=value)
        case int():
            if value not in _INT64:
                raise _missing(path, len(path) - 1, f"{value} does not fit into 64 bits")
            primitive = literals_pb2.Primitive(integer=value)
        case float():
            primitive = literals_pb2.Primitive(float_value=value)
        case str():
            primitive = literals_pb2.Primitive(string_value=value)
        case Mapping():
            return literals_pb2.Literal(scalar=_struct_scalar(value, packed=packed))
        case bytes():
            binary = literals_pb2.Binary(value=msgspec.msgpack.encode(value), tag=MSGPACK_TAG)
            return literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=binary))
        case _:
            items = [_literal_of(item, path, packed=packed) for item in value]
            return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=primitive))


def _struct_scalar(fields: Mapping[str, Plain], *, packed: bool) -> literals_pb2.Scalar:
    if packed:
        return literals_pb2.Scalar(binary=literals_pb2.Binary(value=msgspec.msgpack.encode(fields), tag=MSGPACK_TAG))
    return literals_pb2.Scalar(generic=struct_of(fields))


def _missing(path: Path, depth: int, reason: str) -> InvalidInput:
    whole = "".join(f"[{step!r}]" for step in path)
    return InvalidInput("PromiseAttributeResolveError", f"`{whole}` fails at `[{path[depth]!r}]`: {reason}")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"
