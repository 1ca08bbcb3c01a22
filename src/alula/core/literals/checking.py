"""The type of a literal, and the check of whether it may be given where a type is expected.

A literal says less than a type: an empty list could be of anything, a packed dataclass does not carry its schema.
`literal_type_of` gives what can be known; `check_literal` looks at the value itself, item by item, so that it
is not stricter than it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from flyteidl.core import interface_pb2, literals_pb2, types_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.casting import can_cast, explain_type, is_optional
from alula.core.literals.packed import MSGPACK_TAG
from alula.core.literals.soundness import unsound

PRIMITIVES = {
    "integer": types_pb2.INTEGER,
    "float_value": types_pb2.FLOAT,
    "string_value": types_pb2.STRING,
    "boolean": types_pb2.BOOLEAN,
    "datetime": types_pb2.DATETIME,
    "duration": types_pb2.DURATION,
}
"""The types of primitives, by the field that holds one."""
_KINDS = {simple: kind for kind, simple in PRIMITIVES.items()}
_NAMES_SHOWN = 8
_NAME_CHARS = 100


def literal_type_of(literal: literals_pb2.Literal) -> types_pb2.LiteralType:
    """The type of a value, as far as the value tells.

    A list of values of several types is a list of their union; an empty one a list of `None`.

    Raises:
        InvalidInput: code `UnrecognizedValue` for a literal that holds nothing.
    """
    match literal.WhichOneof("value"):
        case "scalar":
            return scalar_type_of(literal.scalar)
        case "collection":
            return types_pb2.LiteralType(collection_type=_common_type(literal.collection.literals))
        case "map":
            return types_pb2.LiteralType(map_value_type=_common_type(literal.map.literals.values()))
        case "offloaded_metadata":
            return literal.offloaded_metadata.inferred_type
        case _:
            raise InvalidInput("UnrecognizedValue", "a literal holds no value", fix="set its value")


def scalar_type_of(scalar: literals_pb2.Scalar) -> types_pb2.LiteralType:
    """The type of a scalar.

    Raises:
        InvalidInput: code `UnrecognizedValue` for a scalar or primitive that holds nothing.
    """
    match scalar.WhichOneof("value"):
        case "primitive":
            kind = scalar.primitive.WhichOneof("value")
            if kind is None:
                raise InvalidInput("UnrecognizedValue", "a primitive holds no value", fix="set its value")
            return types_pb2.LiteralType(simple=PRIMITIVES[kind])
        case "blob":
            return types_pb2.LiteralType(blob=scalar.blob.metadata.type)
        case "binary":
            packed = scalar.binary.tag == MSGPACK_TAG
            return types_pb2.LiteralType(simple=types_pb2.STRUCT if packed else types_pb2.BINARY)
        case "schema":
            return types_pb2.LiteralType(schema=scalar.schema.type)
        case "none_type":
            return types_pb2.LiteralType(simple=types_pb2.NONE)
        case "error":
            return types_pb2.LiteralType(simple=types_pb2.ERROR)
        case "generic":
            return types_pb2.LiteralType(simple=types_pb2.STRUCT)
        case "structured_dataset":
            dataset = scalar.structured_dataset.metadata.structured_dataset_type
            return types_pb2.LiteralType(structured_dataset_type=dataset)
        case "union":
            return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=[scalar.union.type]))
        case _:
            raise InvalidInput("UnrecognizedValue", "a scalar holds no value", fix="set its value")


def _common_type(literals: Iterable[literals_pb2.Literal]) -> types_pb2.LiteralType:
    """The one type, or the union of those types that fit no other: `[]` says nothing beside `[1]`."""
    found: dict[bytes, types_pb2.LiteralType] = {}
    primitives: set[str] = set()
    for literal in literals:
        primitive = literal.scalar.primitive.WhichOneof("value")
        if primitive in primitives:
            continue  # lists of numbers may be very long
        if primitive is not None:
            primitives.add(primitive)
        literal_type = literal_type_of(literal)
        found.setdefault(literal_type.SerializeToString(deterministic=True), literal_type)
    variants: list[types_pb2.LiteralType] = []
    for key in sorted(found):
        if not any(can_cast(found[key], other) for other in variants):
            variants = [other for other in variants if not can_cast(other, found[key])]
            variants.append(found[key])
    if not variants:
        return types_pb2.LiteralType(simple=types_pb2.NONE)
    if len(variants) == 1:
        return variants[0]
    return types_pb2.LiteralType(union_type=types_pb2.UnionType(variants=variants))


def check_literal(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    """The reason that a value may not be given where `literal_type` is expected, or `None` if it may.

    >>> seven = literals_pb2.Literal(
    ...     scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=7))
    ... )
    >>> check_literal(seven, types_pb2.LiteralType(simple=types_pb2.STRING))
    'expected str, got int'
    """
    if _is_plain(literal, literal_type):
        return None
    if literal.WhichOneof("value") == "offloaded_metadata":
        return _by_type(literal.offloaded_metadata.inferred_type, literal_type)
    if literal.WhichOneof("value") is None:
        return f"expected {explain_type(literal_type)}, got a literal without a value"
    check = _CHECKS.get(literal_type.WhichOneof("type") or "", _check_plain)
    return check(literal, literal_type)


def check_value(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    """The reason that a value may not come into the platform where `literal_type` is expected, or `None` if it may: it
    is of another type, or the platform can't carry it."""
    return unsound(literal) or check_literal(literal, literal_type)


def check_literals(literals: literals_pb2.LiteralMap, variables: Mapping[str, interface_pb2.Variable]) -> str | None:
    """The reason that these are not the values of the variables, all of them and no others, or `None` if they are.
    Looks also whether the platform can carry them."""
    given = literals.literals
    if missing := [name for name in variables if name not in given]:
        return f"there is no value for {_names(missing)}"
    if len(given) > len(variables):
        return f"{_names([name for name in given if name not in variables])} is not declared"
    for name in variables:
        if reason := check_value(given[name], variables[name].type):
            return f"`{name}`: {reason}"
    return None


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name[:_NAME_CHARS]}`" for name in sorted(names)[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown


def _is_plain(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> bool:
    """True if it is a primitive of exactly that type: the common case, found cheaply."""
    return literal.scalar.primitive.WhichOneof("value") == _KINDS.get(literal_type.simple, "")


def _check_plain(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    try:
        given = literal_type_of(literal)
    except InvalidInput as nothing:
        return nothing.message
    return _by_type(given, literal_type)


def _check_collection(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    if literal.WhichOneof("value") != "collection":
        return _check_plain(literal, literal_type)
    wanted = literal_type.collection_type
    kind = _KINDS.get(wanted.simple, "")
    for position, item in enumerate(literal.collection.literals):
        reason = None if item.scalar.primitive.WhichOneof("value") == kind else check_literal(item, wanted)
        if reason:
            return f"item {position}: {reason}"
    return None


def _check_map(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    if literal.WhichOneof("value") != "map":
        return _check_plain(literal, literal_type)
    entries = literal.map.literals
    for key in sorted(entries):
        reason = check_literal(entries[key], literal_type.map_value_type)
        if reason:
            return f"key `{key}`: {reason}"
    return None


def _check_enum(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    primitive = literal.scalar.primitive
    if primitive.WhichOneof("value") != "string_value":
        return _check_plain(literal, literal_type)
    values = literal_type.enum_type.values
    if primitive.string_value in values:
        return None
    return f"`{primitive.string_value}` is not one of {', '.join(f'`{value}`' for value in values)}"


def _check_union(literal: literals_pb2.Literal, literal_type: types_pb2.LiteralType) -> str | None:
    variants = literal_type.union_type.variants
    if literal.scalar.HasField("union"):
        union = literal.scalar.union
        if not any(can_cast(union.type, variant) for variant in variants):
            return _mismatch(literal_type, union.type)
        return check_literal(union.value, union.type)
    if literal.scalar.HasField("none_type") and is_optional(literal_type):
        return None
    fitting = [variant for variant in variants if check_literal(literal, variant) is None]
    if len(fitting) == 1:
        return None
    if fitting:
        both = " and ".join(explain_type(variant) for variant in fitting)
        return f"the value fits more than one variant of {explain_type(literal_type)}: {both}"
    return _check_plain(literal, literal_type)


def _by_type(given: types_pb2.LiteralType, wanted: types_pb2.LiteralType) -> str | None:
    return None if can_cast(given, wanted) else _mismatch(wanted, given)


def _mismatch(wanted: types_pb2.LiteralType, given: types_pb2.LiteralType) -> str:
    return f"expected {explain_type(wanted)}, got {explain_type(given)}"


_CHECKS: dict[str, Callable[[literals_pb2.Literal, types_pb2.LiteralType], str | None]] = {
    "collection_type": _check_collection,
    "map_value_type": _check_map,
    "enum_type": _check_enum,
    "union_type": _check_union,
}
