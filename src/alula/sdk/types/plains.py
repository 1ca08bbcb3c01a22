"""Types that exist only inside documents: fields of dataclasses and items of untyped lists and dicts.

They have a plain form but no literal type of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType

from alula.sdk.store import Store
from alula.sdk.types.containers import document
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    OnlyInDocuments,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
    fit_class,
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
        fit_plain: Callable[[object], int],
        instead: str = "put it into a dataclass",
    ) -> None:
        self.shown = shown
        self.schema = schema
        self.fit = fit
        self._to_plain = to_plain
        self._from_plain = from_plain
        self.fit_plain = fit_plain
        self._instead = instead

    def literal_type(self) -> LiteralType:
        raise OnlyInDocuments(f"`{self.shown}` can't be an input or output by itself; {self._instead}")

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
        fit_plain=lambda plain: CONVERTS,
        instead="name the type, for example a dataclass",
    )


def _simplified(value: object, store: Store) -> object:
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [_simplified(item, store) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return {_checked_key(_simplified(key, store)): _simplified(item, store) for key, item in pairs}
    raise TypeMismatch("a value of JSON's types", describe(value))


def _checked_key(plain: object) -> object:
    if isinstance(plain, (list, dict)):
        raise TypeMismatch("keys that are texts, numbers or bytes", f"the key {describe(cast('object', plain))}")
    return plain


def _bytes_from_plain(plain: object, store: Store) -> object:
    if not isinstance(plain, bytes):
        raise TypeMismatch("bytes", describe(plain))
    return plain


def bytes_value() -> PlainTransformer:
    """`bytes`."""
    return PlainTransformer(
        "bytes",
        lambda: {"type": "string", "format": "base64"},
        fit=lambda value: fit_class(value, bytes),
        to_plain=lambda value, store: value,
        from_plain=_bytes_from_plain,
        fit_plain=lambda plain: EXACT if isinstance(plain, bytes) else NO,
    )


def keyed_dict(key: Transformer, item: Transformer) -> PlainTransformer:
    """dict[K, T] where K is not `str`. Raises `UnsupportedType` for keys that a document can't have."""
    shown = f"dict[{key.shown}, {item.shown}]"
    if not _is_scalar(key.schema()):
        raise UnsupportedType(
            f"the keys of `{shown}` must be texts, numbers, times or the like; use a list of dataclasses with the parts"
            " of the key as fields"
        )

    def fit(value: object) -> int:
        if not isinstance(value, dict):
            return NO
        pairs = cast("dict[object, object]", value).items()
        return min((min(key.fit(name), item.fit(each)) for name, each in pairs), default=EXACT)

    def to_plain(value: object, store: Store) -> object:
        pairs = cast("dict[object, object]", value).items()
        return {_checked_key(key.to_plain(name, store)): item.to_plain(each, store) for name, each in pairs}

    def from_plain(plain: object, store: Store) -> object:
        if not isinstance(plain, dict):
            raise TypeMismatch("dict", describe(plain))
        pairs = cast("dict[object, object]", plain).items()
        return {_key(key, name, store): item.from_plain(each, store) for name, each in pairs}

    def fit_plain(plain: object) -> int:
        if not isinstance(plain, dict):
            return NO
        pairs = cast("dict[object, object]", plain).items()
        return min((min(key.fit_plain(name), item.fit_plain(each)) for name, each in pairs), default=EXACT)

    return PlainTransformer(
        shown,
        lambda: {"type": "object", "additionalProperties": item.schema(), "propertyNames": key.schema()},
        fit=fit,
        to_plain=to_plain,
        from_plain=from_plain,
        fit_plain=fit_plain,
    )


def _is_scalar(schema: Schema) -> bool:
    variants = schema.get("anyOf")
    if variants is not None:
        return all(_is_scalar(variant) for variant in variants)
    return schema.get("type") not in ("object", "array")


def _key(key: Transformer, name: object, store: Store) -> object:
    """A key; JSON clients send numbers as texts."""
    try:
        return key.from_plain(name, store)
    except TypeMismatch:
        if isinstance(name, str) and key.tag in ("int", "float"):
            return key.from_plain(float(name) if key.tag == "float" else int(name), store)
        raise


def sequence(type_: type, item: Transformer) -> PlainTransformer:
    """tuple[T, ...], set[T] and frozenset[T]. A set is written in one order, whichever order its hashes give."""

    def to_plain(value: object, store: Store) -> object:
        items = [item.to_plain(each, store) for each in cast("list[object]", value)]
        return items if type_ is tuple else sorted_plain(items)

    def fit_plain(plain: object) -> int:
        if not isinstance(plain, list):
            return NO
        return min((item.fit_plain(each) for each in cast("list[object]", plain)), default=EXACT)

    return PlainTransformer(
        f"{type_.__name__}[{item.shown}]",
        lambda: {"type": "array", "items": item.schema()},
        fit=lambda value: _fit_items(value, type_, item),
        to_plain=to_plain,
        from_plain=lambda plain, store: type_(item.from_plain(each, store) for each in _listed(plain, type_.__name__)),
        fit_plain=fit_plain,
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

    def fit(value: object) -> int:
        if not isinstance(value, tuple) or len(cast("tuple[object, ...]", value)) != len(items):
            return NO
        return min((item.fit(each) for item, each in paired(cast("object", value))), default=EXACT)

    def fit_plain(plain: object) -> int:
        if not isinstance(plain, list) or len(cast("list[object]", plain)) != len(items):
            return NO
        return min((item.fit_plain(each) for item, each in paired(cast("object", plain))), default=EXACT)

    return PlainTransformer(
        shown,
        lambda: {
            "type": "array",
            "prefixItems": [item.schema() for item in items],
            "minItems": len(items),
            "maxItems": len(items),
        },
        fit=fit,
        to_plain=lambda value, store: [item.to_plain(each, store) for item, each in paired(value)],
        from_plain=lambda plain, store: tuple(item.from_plain(each, store) for item, each in paired(plain)),
        fit_plain=fit_plain,
        instead="use a dataclass",
    )


def _listed(value: object, shown: str) -> list[object]:
    if not isinstance(value, (list, tuple)):
        raise TypeMismatch(shown, describe(value))
    return list(cast("list[object]", value))


def _fit_items(value: object, type_: type, item: Transformer) -> int:
    if not isinstance(value, type_):
        return NO
    return min((item.fit(each) for each in cast("list[object]", value)), default=EXACT)


def sorted_plain(items: list[object]) -> list[object]:
    """The plain items of a set in their one order: that of their packed bytes."""
    return sorted(items, key=packed)


def packed(plain: object) -> bytes:
    """A plain value as msgpack, whatever the order of its dicts. Raises `TypeMismatch`."""
    import msgspec  # lazy: most tasks have no documents

    try:
        return msgspec.msgpack.encode(plain, order="deterministic")
    except (TypeError, OverflowError, ValueError) as error:
        raise TypeMismatch("values that msgpack can hold", str(error)) from error
