"""Types whose values travel as texts: UUID, Decimal and times of day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType, SimpleType

from alula.sdk.store import Store
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    TypeMismatch,
    describe,
    describe_literal,
    fit_class,
)


class TextTransformer:
    """A class whose values are written by `str` and read by `parse`. Promises of texts are taken, and checked later."""

    def __init__(
        self, type_: type, format: str, parse: Callable[[str], object], write: Callable[[Any], str] = str
    ) -> None:
        self._type = type_
        self._format = format
        self._parse = parse
        self._write = write  # Any: a value of the class
        self.tag = self.shown = type_.__name__

    def literal_type(self) -> LiteralType:
        return LiteralType(simple=SimpleType.STRING)

    def schema(self) -> Schema:
        return {"type": "string", "format": self._format}

    def fit(self, value: object) -> int:
        return fit_class(value, self._type)

    def fit_plain(self, plain: object) -> int:
        try:
            return EXACT if self._write(self._parsed(plain)) == plain else CONVERTS
        except TypeMismatch:
            return NO

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return value

    def to_literal(self, value: object, store: Store) -> Literal:
        literal = Literal()
        literal.scalar.primitive.string_value = self._write(self.coerce(value))
        return literal

    def to_python(self, literal: Literal, store: Store) -> object:
        if literal.scalar.primitive.WhichOneof("value") != "string_value":
            raise TypeMismatch(self.shown, describe_literal(literal))
        return self._parsed(literal.scalar.primitive.string_value)

    def to_plain(self, value: object, store: Store) -> object:
        return self._write(self.coerce(value))

    def from_plain(self, plain: object, store: Store) -> object:
        return self._parsed(plain)

    def _parsed(self, plain: object) -> object:
        if not isinstance(plain, str):
            raise TypeMismatch(self.shown, describe(plain))
        try:
            return self._parse(plain)
        except (ValueError, ArithmeticError) as error:
            raise TypeMismatch(self.shown, describe(plain)) from error


def _time(_type: type) -> TextTransformer:
    return TextTransformer(time, "time", time.fromisoformat, time.isoformat)


TEXT_TYPES: dict[tuple[str, str], Callable[[type], TextTransformer]] = {
    ("uuid", "UUID"): lambda type_: TextTransformer(type_, "uuid", type_),
    ("decimal", "Decimal"): lambda type_: TextTransformer(type_, "decimal", type_),
    ("datetime", "time"): _time,
}
"""Makers of the conversions of types, by module and name of the type."""
