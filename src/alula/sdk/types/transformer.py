"""The contract that every family of types fulfils, and how it says that a value does not fit.

A transformer is made for one Python type and knows its item types already. *Plain* is a value inside a msgpack
document (a field of a dataclass): `None`, bool, int, float, str, bytes, lists and dicts of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType

if TYPE_CHECKING:
    from alula.sdk.store import Store

Schema = dict[str, Any]
"""A JSON schema. Any: the values are JSON."""

NO, LOSES, CONVERTS, DERIVED, EXACT = 0, 1, 2, 3, 4
"""Degrees of fit of a value to a type: none, with the loss of fields (of a document), after a conversion (int to float,
str to FlyteFile), as one of a subclass (a member of an `IntEnum` as int), as it is."""

DATACLASS_TAG, MODEL_TAG, UNION_TAG = "Object-Dataclass-Transformer", "Pydantic Transformer", "Typed Union"


class TypeMismatch(TypeError):
    """A value or literal is not of the type. `path` leads to the item inside it, outermost first."""

    def __init__(self, expected: str, got: str, path: tuple[str | int, ...] = ()) -> None:
        self.expected = expected
        self.got = got
        self.path = path
        super().__init__(str(self))

    def inside(self, key: str | int) -> TypeMismatch:
        """The same mismatch, seen from the value that contains it under `key`."""
        return TypeMismatch(self.expected, self.got, (key, *self.path))

    def __str__(self) -> str:
        place = "".join(f"[{part!r}]" for part in self.path)
        return f"expected {self.expected}, got {self.got}" + (f" (at {place})" if place else "")


class UnsupportedType(TypeError):
    """A type that has no form on the wire. The message says what to use instead."""


class OnlyInDocuments(UnsupportedType):
    """A type that can be a field or item, but no input or output by itself."""


class Transformer(Protocol):
    """Conversions of one Python type."""

    tag: str
    """flytekit's name of the transformer: names the variant in a union."""
    shown: str
    """The type as people write it."""

    def literal_type(self) -> LiteralType: ...

    def schema(self) -> Schema:
        """The JSON schema of the plain form."""
        ...

    def fit(self, value: object, /) -> int:
        """The fit of a value, from `NO` to `EXACT`. No IO."""
        ...

    def fit_plain(self, plain: object, /) -> int:
        """The fit of a plain form: `EXACT` if a value of the type is written just so. No IO."""
        ...

    def coerce(self, value: object, /) -> object:
        """A value that fits as a task's function gets it."""
        ...

    def to_literal(self, value: object, store: Store, /) -> Literal:
        """Raises `TypeMismatch`; uploads files."""
        ...

    def to_python(self, literal: Literal, store: Store, /) -> object:
        """Raises `TypeMismatch`. Literals in msgpack or JSON form do not come here but to `from_plain`."""
        ...

    def to_plain(self, value: object, store: Store, /) -> object: ...

    def from_plain(self, plain: object, store: Store, /) -> object: ...


def fit_class(value: object, type_: type) -> int:
    """The fit of a value to a class whose subclasses are written as it is."""
    if type(value) is type_:
        return EXACT
    return DERIVED if isinstance(value, type_) else NO


def has_fields(transformer: Transformer) -> bool:
    """True if it is of a dataclass or model."""
    return transformer.tag in (DATACLASS_TAG, MODEL_TAG)


def describe(value: object) -> str:
    """A value for an error message: its type and a short form."""
    text = repr(value)
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if value is None:
        return "None"
    return f"{name} {text if len(text) <= 60 else text[:57] + '...'}"


def is_same_plain(one: object, other: object) -> bool:
    """True if two plain values without parts are the same, type included; NaN equals NaN."""
    return type(one) is type(other) and (one == other or repr(one) == repr(other) == "nan")


def describe_literal(literal: Literal) -> str:
    """The kind of a literal, for an error message."""
    kind = literal.WhichOneof("value") or "empty literal"
    if kind == "scalar":
        kind = literal.scalar.WhichOneof("value") or "empty scalar"
    if kind == "primitive":
        kind = literal.scalar.primitive.WhichOneof("value") or "empty primitive"
    return with_article(kind)


def with_article(name: str) -> str:
    """The name of a kind or type after `a` or `an`, by its spelling.

    >>> with_article("integer"), with_article("union"), with_article("Outer")
    ('an integer', 'a union', 'an Outer')
    """
    return f"an {name}" if name[:1].lower() in ("a", "e", "i", "o") else f"a {name}"
