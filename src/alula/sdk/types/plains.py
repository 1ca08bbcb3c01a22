"""Types that exist only inside documents: fields of dataclasses and items of untyped lists and dicts.

They have a plain form but no literal type of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import cast

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType

from alula.sdk.types.containers import document
from alula.sdk.types.store import Store
from alula.sdk.types.transformer import (
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
)


class PlainTransformer:
    """A type with a plain form only."""

    tag = "Plain"

    def __init__(
        self,
        shown: str,
        schema: Callable[[], Schema],
        *,
        fit: Callable[[object], int],
        to_plain: Callable[[object, Store], object],
        from_plain: Callable[[object, Store], object],
        instead: str = "put it into a dataclass",
    ) -> None:
        self.shown = shown
        self.schema = schema
        self.fit = fit
        self._to_plain = to_plain
        self._from_plain = from_plain
        self._instead = instead

    def literal_type(self) -> LiteralType:
        raise UnsupportedType(f"`{self.shown}` can't be an input or output by itself; {self._instead}")

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe(value))
        return value

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        raise TypeMismatch(self.shown, describe_literal(literal))

    def to_plain(self, value: object, store: Store) -> object:
        return self._to_plain(self.coerce(value), store)

    def from_plain(self, plain: object, store: Store) -> object:
        try:
            return self._from_plain(plain, store)
        except TypeMismatch:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            raise TypeMismatch(self.shown, describe(plain)) from error


def any_value() -> PlainTransformer:
    """`Any`: whatever msgpack can hold."""
    return PlainTransformer(
        "Any",
        dict,
        fit=lambda value: EXACT,
        to_plain=_simplified,
        from_plain=lambda plain, store: plain,
        instead="name the type, for example a dataclass",
    )


def _simplified(value: object, store: Store) -> object:
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [_simplified(item, store) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _simplified(item, store) for key, item in cast("dict[object, object]", value).items()}
    raise TypeMismatch("a value of JSON's types", describe(value))


def _by_text(type_: type, schema: Schema, parse: Callable[[str], object]) -> PlainTransformer:
    def from_plain(plain: object, store: Store) -> object:
        if not isinstance(plain, str):
            raise TypeMismatch(type_.__name__, describe(plain))
        return parse(plain)

    return PlainTransformer(
        type_.__name__,
        lambda: dict(schema),
        fit=lambda value: EXACT if isinstance(value, type_) else NO,
        to_plain=lambda value, store: value.isoformat() if isinstance(value, time) else str(value),
        from_plain=from_plain,
    )


def _bytes_from_plain(plain: object, store: Store) -> object:
    if not isinstance(plain, bytes):
        raise TypeMismatch("bytes", describe(plain))
    return plain


def _bytes(_type: type) -> Transformer:
    return PlainTransformer(
        "bytes",
        lambda: {"type": "string", "format": "base64"},
        fit=lambda value: EXACT if isinstance(value, bytes) else NO,
        to_plain=lambda value, store: value,
        from_plain=_bytes_from_plain,
    )


PLAIN_TYPES: dict[tuple[str, str], Callable[[type], Transformer]] = {
    ("builtins", "bytes"): _bytes,
    ("uuid", "UUID"): lambda type_: _by_text(type_, {"type": "string", "format": "uuid"}, type_),
    ("decimal", "Decimal"): lambda type_: _by_text(type_, {"type": "string", "format": "decimal"}, type_),
    ("datetime", "time"): lambda _: _by_text(time, {"type": "string", "format": "time"}, time.fromisoformat),
}
"""By module and name: what makes the conversions of the type."""


def keyed_dict(key: Transformer, item: Transformer) -> PlainTransformer:
    """dict[K, T] where K is not `str`."""

    def fit(value: object) -> int:
        if not isinstance(value, dict):
            return NO
        pairs = cast("dict[object, object]", value).items()
        return min((min(key.fit(name), item.fit(each)) for name, each in pairs), default=EXACT)

    def to_plain(value: object, store: Store) -> object:
        pairs = cast("dict[object, object]", value).items()
        return {key.to_plain(name, store): item.to_plain(each, store) for name, each in pairs}

    def from_plain(plain: object, store: Store) -> object:
        if not isinstance(plain, dict):
            raise TypeMismatch("dict", describe(plain))
        pairs = cast("dict[object, object]", plain).items()
        return {_key(key, name, store): item.from_plain(each, store) for name, each in pairs}

    return PlainTransformer(
        f"dict[{key.shown}, {item.shown}]",
        lambda: {"type": "object", "additionalProperties": item.schema(), "propertyNames": key.schema()},
        fit=fit,
        to_plain=to_plain,
        from_plain=from_plain,
    )


def _key(key: Transformer, name: object, store: Store) -> object:
    """A key; JSON clients send numbers as texts."""
    try:
        return key.from_plain(name, store)
    except TypeMismatch:
        if isinstance(name, str) and key.tag in ("int", "float"):
            return key.from_plain(float(name) if key.tag == "float" else int(name), store)
        raise


def sequence(type_: type, item: Transformer) -> PlainTransformer:
    """tuple[T, ...], set[T] and frozenset[T]."""
    return PlainTransformer(
        f"{type_.__name__}[{item.shown}]",
        lambda: {"type": "array", "items": item.schema()},
        fit=lambda value: EXACT if isinstance(value, type_) else NO,
        to_plain=lambda value, store: [item.to_plain(each, store) for each in cast("list[object]", value)],
        from_plain=lambda plain, store: type_(item.from_plain(each, store) for each in _listed(plain, type_.__name__)),
        instead="use `list[T]`",
    )


def record(items: list[Transformer]) -> PlainTransformer:
    """tuple[A, B]."""
    shown = f"tuple[{', '.join(item.shown for item in items)}]"

    def paired(value: object) -> list[tuple[Transformer, object]]:
        values = _listed(value, shown)
        if len(values) != len(items):
            raise TypeMismatch(shown, f"{len(values)} items")
        return list(zip(items, values, strict=True))

    return PlainTransformer(
        shown,
        lambda: {
            "type": "array",
            "prefixItems": [item.schema() for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        },
        fit=lambda value: EXACT if isinstance(value, tuple) else NO,
        to_plain=lambda value, store: [item.to_plain(each, store) for item, each in paired(value)],
        from_plain=lambda plain, store: tuple(item.from_plain(each, store) for item, each in paired(plain)),
        instead="use a dataclass",
    )


def _listed(value: object, shown: str) -> list[object]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeMismatch(shown, describe(value))
    values = cast("list[object]", value)
    return sorted(values, key=repr) if isinstance(value, (set, frozenset)) else list(values)
