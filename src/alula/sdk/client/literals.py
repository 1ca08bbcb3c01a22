"""Python values as literals of registered types, known only by Flyte's form.

There is no author's code to ask for the variants of a union. Their types on the wire tell them apart: by the values of
an enum, or the fields of a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flyteidl.core import literals_pb2, types_pb2
from google.protobuf import struct_pb2

from alula.core.errors import InvalidInput
from alula.core.literals.casting import explain_type, is_none
from alula.core.literals.schemas import fits_schema, schema_title
from alula.core.literals.structs import Plain, plain_struct, struct_of
from alula.sdk.client.python_types import is_untyped, python_type_of
from alula.sdk.store import Store
from alula.sdk.types.containers import is_document_type
from alula.sdk.types.engine import to_literal, transformer_for
from alula.sdk.types.transformer import CONVERTS, EXACT, LOSES, NO, TypeMismatch, describe
from alula.sdk.types.variants import VARIANT, is_tagged, untagged

Type = types_pb2.LiteralType
_EXACT_INTEGER_MAX = 2**53
"""Up to here a double holds every whole number."""


def literal_of(value: object, kind: Type, store: Store) -> literals_pb2.Literal:
    """The literal of a value; one of a union says which variant it is.

    Raises `TypeMismatch`, and `InvalidInput` code `AmbiguousVariant` for a value that fits several variants alike.
    """
    match kind.WhichOneof("type"):
        case "union_type":
            return _of_union(value, kind, store)
        case "collection_type" if isinstance(value, list):
            items = [literal_of(item, kind.collection_type, store) for item in cast("list[object]", value)]
            return literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=items))
        case "map_value_type" if isinstance(value, dict):
            pairs = cast("dict[str, object]", value).items()
            entries = {key: literal_of(item, kind.map_value_type, store) for key, item in pairs}
            return literals_pb2.Literal(map=literals_pb2.LiteralMap(literals=entries))
        case "simple" if kind.simple == types_pb2.STRUCT and not is_document_type(kind):
            return _of_struct(value, store)
        case "simple" if is_untyped(kind):
            return to_literal(value, list if isinstance(value, list) else dict, store)
        case _:
            return to_literal(value, python_type_of(kind), store)


def _of_struct(value: object, store: Store) -> literals_pb2.Literal:
    """As `google.protobuf.Struct`, which is all that flytekit-java and flytekit before 1.14 can read."""
    plain = transformer_for(dict).to_plain(value, store)
    _require_struct(plain)
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(generic=struct_of(cast("Mapping[str, Plain]", plain))))


def _require_struct(plain: object) -> None:
    """Raise `TypeMismatch` where a `Struct` would lose something: it has texts as keys, doubles, and no bytes."""
    match plain:
        case dict():
            for key, item in cast("dict[object, object]", plain).items():
                if not isinstance(key, str):
                    raise TypeMismatch("texts as keys", describe(key))
                _require_struct_at(key, item)
        case list():
            for index, item in enumerate(cast("list[object]", plain)):
                _require_struct_at(index, item)
        case int() if abs(plain) > _EXACT_INTEGER_MAX:
            raise TypeMismatch("a whole number of at most 53 bits", describe(plain))
        case None | bool() | int() | float() | str():
            pass
        case _:
            raise TypeMismatch("a value of JSON's types", describe(plain))


def _require_struct_at(place: str | int, plain: object) -> None:
    try:
        _require_struct(plain)
    except TypeMismatch as error:
        raise error.inside(place) from error


def _of_union(value: object, union: Type, store: Store) -> literals_pb2.Literal:
    variant = _named(value, union) if is_tagged(value) else _fitting(value, union)
    inner = literal_of(untagged(value), variant, store)
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(union=literals_pb2.Union(value=inner, type=variant)))


def _named(value: object, union: Type) -> Type:
    name = cast("Mapping[str, object]", value)[VARIANT]
    for variant in union.union_type.variants:
        if name == _name(variant):
            return variant
    known = ", ".join(_name(variant) for variant in union.union_type.variants)
    raise InvalidInput("UnknownVariant", f"there is no variant `{name}`", fix=f"the variants are: {known}")


def _name(variant: Type) -> str:
    return schema_title(variant.metadata) or explain_type(variant)


def _fitting(value: object, union: Type) -> Type:
    """The variant that the value fits best."""
    variants = union.union_type.variants
    fits = [_fit(value, variant) for variant in variants]
    best = [variant for variant, fit in zip(variants, fits, strict=True) if fit == max(fits)]
    if max(fits) == NO:
        raise TypeMismatch(explain_type(union), describe(value))
    if len(best) > 1:
        names = " and ".join(f"`{_name(variant)}`" for variant in best)
        raise InvalidInput(
            "AmbiguousVariant",
            f"{describe(value)} fits {names} alike",
            fix=f'say which with the key "{VARIANT}": {{"{VARIANT}": "{_name(best[0])}", ...}}',
        )
    return best[0]


def _fit(value: object, variant: Type) -> int:
    kind = variant.WhichOneof("type")
    if kind == "enum_type":
        return EXACT if value in list(variant.enum_type.values) else NO
    if kind == "simple" and variant.simple == types_pb2.STRUCT and variant.metadata.fields:
        return _fit_class(cast("dict[str, object]", value), variant) if isinstance(value, dict) else NO
    if value is None:
        return EXACT if is_none(variant) else NO
    fit = transformer_for(python_type_of(variant)).fit(value)
    # any text is a text and any object an untyped one: an enum and a class say more
    takes_all = kind == "simple" and variant.simple in (types_pb2.STRING, types_pb2.STRUCT)
    return min(fit, LOSES) if takes_all else fit


def _fit_class(fields: Mapping[str, object], variant: Type) -> int:
    schema = _resolved(variant.metadata)
    properties = cast("Mapping[str, object]", schema.get("properties") or {})
    if not fields.keys() <= properties.keys() or not fits_schema(struct_of(_schema(fields)), variant.metadata):
        return NO
    return EXACT if fields.keys() == properties.keys() else CONVERTS


def _resolved(metadata: struct_pb2.Struct) -> Mapping[str, object]:
    """The schema of the class itself, which older tools write as a definition that the schema refers to."""
    schema = cast("Mapping[str, object]", plain_struct(metadata))
    definitions = cast("Mapping[str, Mapping[str, object]]", schema.get("definitions") or schema.get("$defs") or {})
    return definitions.get(schema_title(metadata), schema) if "$ref" in schema else schema


def _schema(value: object) -> dict[str, Plain]:
    """The narrowest JSON schema of a value."""
    match value:
        case dict():
            fields = cast("dict[str, object]", value)
            properties: dict[str, Plain] = {name: _schema(field) for name, field in fields.items()}
            required: list[Plain] = [*fields]
            return {"type": "object", "properties": properties, "required": required}
        case list():
            items: list[Plain] = [_schema(item) for item in cast("list[object]", value)]
            return {"type": "array", "items": {"anyOf": items}} if items else {"type": "array"}
        case str():
            return {"type": "string", "enum": [value]}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case None:
            return {"type": "null"}
        case _:
            return {}
