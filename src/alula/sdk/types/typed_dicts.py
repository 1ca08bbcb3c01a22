"""TypedDict: one msgpack document, with a JSON schema and the types of the keys."""

from __future__ import annotations

import typing
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, cast

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType, TypeStructure

from alula.sdk.store import Store
from alula.sdk.types.containers import document, document_type
from alula.sdk.types.structs import TransformerFor, described, schema_at_top
from alula.sdk.types.transformer import (
    EXACT,
    LOSES,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
)


class Key(NamedTuple):
    """A key of a TypedDict."""

    type: object
    is_required: bool


def is_typed_dict(type_: object) -> bool:
    """True for a TypedDict, which is no class of its values."""
    return hasattr(type_, "__required_keys__")


def keys_of(type_: Any) -> dict[str, Key]:  # Any: the attributes of a TypedDict are no part of `type`
    """The keys of a TypedDict. Raises `UnsupportedType` for annotations that can't be evaluated."""
    try:
        hints = typing.get_type_hints(type_, include_extras=True)
    except NameError as error:
        raise UnsupportedType(f"the keys of `{type_.__qualname__}` can't be evaluated: {error}") from error
    found: dict[str, Key] = {}
    for name, hint in hints.items():
        # Asked of the hint, as Python does not see through annotations that are texts.
        qualifier = typing.get_origin(hint)
        if qualifier in (typing.Required, typing.NotRequired):
            found[name] = Key(typing.get_args(hint)[0], qualifier is typing.Required)
        else:
            found[name] = Key(hint, name in type_.__required_keys__)
    return found


class TypedDictTransformer:
    """A dict with these keys and no others, each of a type of its own."""

    tag = "TypedDict"

    def __init__(self, type_: type, transformer_for: TransformerFor) -> None:
        self._type = type_
        self._transformer_for = transformer_for
        self.shown = type_.__qualname__

    @cached_property
    def _keys(self) -> dict[str, tuple[Transformer, bool]]:
        """The conversions of each key, and whether it must be there."""
        found: dict[str, tuple[Transformer, bool]] = {}
        for name, key in keys_of(self._type).items():
            try:
                found[name] = self._transformer_for(key.type), key.is_required
            except UnsupportedType as error:
                raise UnsupportedType(f"key `{name}` of `{self.shown}`: {error}") from error
        return found

    def literal_type(self) -> LiteralType:
        literal_type = document_type()
        with described(self._type) as is_new:
            if is_new:
                structure = TypeStructure()
                for name, (transformer, _) in self._keys.items():
                    try:
                        structure.dataclass_type[name].CopyFrom(transformer.literal_type())
                    except UnsupportedType:
                        continue  # has a plain form only
                literal_type.structure.CopyFrom(structure)
                literal_type.metadata.update(schema_at_top(self))
        return literal_type

    def schema(self) -> Schema:
        schema: Schema = {"type": "object", "title": self._type.__name__, "additionalProperties": False}
        with described(self._type) as is_new:
            if is_new:
                schema["properties"] = {name: transformer.schema() for name, (transformer, _) in self._keys.items()}
                schema["required"] = [name for name, (_, is_required) in self._keys.items() if is_required]
        return schema

    def fit(self, value: object) -> int:
        if not isinstance(value, dict):
            return NO
        given = cast("dict[object, object]", value)
        if not given.keys() <= self._keys.keys():
            return NO
        return self._worst(given, lambda transformer, item: transformer.fit(item), EXACT)

    def fit_plain(self, plain: object) -> int:
        if not isinstance(plain, dict):
            return NO
        given = cast("dict[object, object]", plain)
        best = EXACT if given.keys() <= self._keys.keys() else LOSES
        return self._worst(given, lambda transformer, item: transformer.fit_plain(item), best)

    def _worst(self, given: dict[object, object], fit: Callable[[Transformer, object], int], best: int) -> int:
        worst = best
        for name, (transformer, is_required) in self._keys.items():
            if name in given:
                worst = min(worst, fit(transformer, given[name]))
            elif is_required:
                return NO
        return worst

    def coerce(self, value: object) -> object:
        given = self._checked(value)
        return self._each(given, lambda transformer, item: transformer.coerce(item))

    def _checked(self, value: object) -> dict[object, object]:
        if not isinstance(value, dict):
            raise TypeMismatch(self.shown, describe(value))
        given = cast("dict[object, object]", value)
        for name in given:
            if name not in self._keys:
                raise TypeMismatch(f"{self.shown} without a key {name!r}", describe(given))
        return given

    def _each(self, given: dict[object, object], convert: Callable[[Transformer, object], object]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, (transformer, is_required) in self._keys.items():
            if name in given:
                try:
                    values[name] = convert(transformer, given[name])
                except TypeMismatch as error:
                    raise error.inside(name) from error
            elif is_required:
                raise TypeMismatch(f"{self.shown} with a key `{name}`", describe(given))
        return values

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        """Raises `TypeMismatch`: documents do not come here but to `from_plain`."""
        raise TypeMismatch(self.shown, describe_literal(literal))

    def to_plain(self, value: object, store: Store) -> object:
        return self._each(self._checked(value), lambda transformer, item: transformer.to_plain(item, store))

    def from_plain(self, plain: object, store: Store) -> object:
        if not isinstance(plain, dict):
            raise TypeMismatch(self.shown, describe(plain))
        given = cast("dict[object, object]", plain)
        return self._each(given, lambda transformer, item: transformer.from_plain(item, store))
