"""Enum classes and `Literal[...]`: one of a few values."""

from __future__ import annotations

import enum
from typing import cast

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import EnumType, LiteralType

from alula.sdk.store import Store
from alula.sdk.types.containers import read
from alula.sdk.types.primitives import PRIMITIVES
from alula.sdk.types.transformer import (
    CONVERTS,
    DERIVED,
    EXACT,
    NO,
    OnlyInDocuments,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
    is_same_plain,
)


def values_outside(wanted: Transformer, given: Transformer) -> list[object]:
    """The values of one enum or `Literal` that another one does not have, compared in their plain form."""
    kinds = (EnumTransformer, ChoiceTransformer)
    if not isinstance(wanted, kinds) or not isinstance(given, kinds):
        return []
    return [value for value in given.values if wanted.fit_plain(value) == NO]


class EnumTransformer:
    """A subclass of `enum.Enum`. Its values travel, not its names; on the wire they must be texts."""

    tag = "DefaultEnumTransformer"

    def __init__(self, type_: type[enum.Enum]) -> None:
        self._type = type_
        self.values = tuple(cast("object", member.value) for member in type_)
        self.shown = type_.__qualname__

    def literal_type(self) -> LiteralType:
        texts = [value for value in self.values if isinstance(value, str)]
        if len(texts) != len(self.values) or not texts:
            raise OnlyInDocuments(f"the values of Enum `{self.shown}` must be texts")
        return LiteralType(enum_type=EnumType(values=texts))

    def schema(self) -> Schema:
        return {"enum": list(self.values)}

    def fit(self, value: object) -> int:
        if isinstance(value, self._type):
            return EXACT
        return CONVERTS if any(value == each and type(value) is type(each) for each in self.values) else NO

    def fit_plain(self, plain: object) -> int:
        return EXACT if any(is_same_plain(plain, each) for each in self.values) else NO

    def coerce(self, value: object) -> object:
        if isinstance(value, self._type):
            return value
        return self._member(value)

    def _member(self, value: object) -> enum.Enum:
        try:
            return self._type(value)
        except ValueError:
            allowed = ", ".join(repr(each) for each in self.values)
            raise TypeMismatch(f"{self.shown} ({allowed})", describe(value)) from None

    def to_literal(self, value: object, store: Store) -> Literal:
        literal = Literal()
        literal.scalar.primitive.string_value = str(cast("enum.Enum", self.coerce(value)).value)
        return literal

    def to_python(self, literal: Literal, store: Store) -> object:
        if literal.scalar.primitive.WhichOneof("value") != "string_value":
            raise TypeMismatch(self.shown, describe_literal(literal))
        return self._member(literal.scalar.primitive.string_value)

    def to_plain(self, value: object, store: Store) -> object:
        return cast("enum.Enum", self.coerce(value)).value

    def from_plain(self, plain: object, store: Store) -> object:
        return self._member(plain)


class ChoiceTransformer:
    """`typing.Literal["a", "b"]`: the type of its values, of which only these are allowed."""

    tag = "LiteralTypeTransformer"

    def __init__(self, values: tuple[object, ...], shown: str) -> None:
        kinds = {type(value) for value in values}
        if len(kinds) != 1 or next(iter(kinds)) not in (int, str, float, bool):
            raise UnsupportedType(
                f"the values of `{shown}` must be all texts, all whole numbers or all bools"
                " (`Optional[Literal[...]]` allows None beside them)"
            )
        self.values = values
        self._base: Transformer = PRIMITIVES[next(iter(kinds))]
        self.shown = shown

    def literal_type(self) -> LiteralType:
        literal_type = self._base.literal_type()
        literal_type.annotation.annotations.update({"literal_values": cast("list[str]", list(self.values))})
        return literal_type

    def schema(self) -> Schema:
        return {"enum": list(self.values)}

    def fit(self, value: object) -> int:
        fit = self._base.fit(value)
        return fit if fit >= DERIVED and value in self.values else NO

    def fit_plain(self, plain: object) -> int:
        return EXACT if any(is_same_plain(plain, each) for each in self.values) else NO

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return self._base.coerce(value)

    def to_literal(self, value: object, store: Store) -> Literal:
        return self._base.to_literal(self.coerce(value), store)

    def to_python(self, literal: Literal, store: Store) -> object:
        return self.coerce(read(self._base, literal, store))

    def to_plain(self, value: object, store: Store) -> object:
        return self.coerce(value)

    def from_plain(self, plain: object, store: Store) -> object:
        return self.coerce(self._base.from_plain(plain, store))
