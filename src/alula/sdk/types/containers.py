"""list[T] and dict[str, T] as collections and maps; any other list and dict as one msgpack document."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from flyteidl.core.literals_pb2 import Binary, Literal, LiteralCollection, LiteralMap, Scalar
from flyteidl.core.types_pb2 import LiteralType, SimpleType, TypeAnnotation

from alula.sdk.store import Store
from alula.sdk.types.transformer import (
    EXACT,
    NO,
    UNION_TAG,
    Schema,
    Transformer,
    TypeMismatch,
    describe,
    describe_literal,
)
from alula.sdk.types.variants import untagged

MSGPACK = "msgpack"


def document_type() -> LiteralType:
    """The literal type of a value that travels as msgpack."""
    annotation = TypeAnnotation()
    annotation.annotations.update({"cache-key-metadata": {"serialization-format": MSGPACK}})
    return LiteralType(simple=SimpleType.STRUCT, annotation=annotation)


def is_document_type(kind: LiteralType) -> bool:
    """True if values of the type travel as msgpack."""
    told = kind.annotation.annotations.fields.get("cache-key-metadata")
    return told is not None and "serialization-format" in told.struct_value.fields


def document(plain: object) -> Literal:
    """A literal that holds a plain value as msgpack."""
    import msgspec  # lazy: most tasks have no documents

    try:
        packed = msgspec.msgpack.encode(plain)
    except (TypeError, OverflowError, ValueError) as error:
        raise TypeMismatch("values that msgpack can hold", str(error)) from error
    return Literal(scalar=Scalar(binary=Binary(value=packed, tag=MSGPACK)))


Item = TypeVar("Item")


def in_order(items: dict[str, Item]) -> dict[str, Item]:
    """A dict by its keys. The maps of the wire have no order, so the order of all that went through one is this."""
    return dict(sorted(items.items()))


def _deeply_in_order(plain: object) -> object:
    if isinstance(plain, dict):
        entries = cast("dict[str, object]", plain)
        return in_order({key: _deeply_in_order(item) for key, item in entries.items()})
    if isinstance(plain, list):
        return [_deeply_in_order(item) for item in cast("list[object]", plain)]
    return plain


class ListTransformer:
    """list[T]."""

    tag = "Typed List"

    def __init__(self, item: Transformer) -> None:
        self.item = item
        self.shown = f"list[{item.shown}]"

    def literal_type(self) -> LiteralType:
        return LiteralType(collection_type=self.item.literal_type())

    def schema(self) -> Schema:
        return {"type": "array", "items": self.item.schema()}

    def fit(self, value: object) -> int:
        if not isinstance(value, list):
            return NO
        return min((self.item.fit(item) for item in cast("list[object]", value)), default=EXACT)

    def _each(self, value: object, convert: Callable[[object], object]) -> list[object]:
        if not isinstance(value, list):
            raise TypeMismatch(self.shown, describe(value))
        converted: list[object] = []
        for index, item in enumerate(cast("list[object]", value)):
            try:
                converted.append(convert(item))
            except TypeMismatch as error:
                raise error.inside(index) from error
        return converted

    def fit_plain(self, plain: object) -> int:
        if not isinstance(plain, list):
            return NO
        return min((self.item.fit_plain(item) for item in cast("list[object]", plain)), default=EXACT)

    def coerce(self, value: object) -> object:
        return self._each(value, self.item.coerce)

    def to_literal(self, value: object, store: Store) -> Literal:
        items = self._each(value, lambda item: write(self.item, item, store))
        return Literal(collection=LiteralCollection(literals=cast("list[Literal]", items)))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.HasField("collection"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        return self._each(list(literal.collection.literals), lambda item: read(self.item, cast("Literal", item), store))

    def to_plain(self, value: object, store: Store) -> object:
        return self._each(value, lambda item: self.item.to_plain(item, store))

    def from_plain(self, plain: object, store: Store) -> object:
        return self._each(plain, lambda item: self.item.from_plain(item, store))


class MapTransformer:
    """dict[str, T]."""

    tag = "Typed Dict"

    def __init__(self, item: Transformer) -> None:
        self.item = item
        self.shown = f"dict[str, {item.shown}]"

    def literal_type(self) -> LiteralType:
        return LiteralType(map_value_type=self.item.literal_type())

    def schema(self) -> Schema:
        return {
            "type": "object",
            "additionalProperties": self.item.schema(),
            "propertyNames": {"type": "string"},
        }

    def fit(self, value: object) -> int:
        if not isinstance(value, dict):
            return NO
        pairs = cast("dict[object, object]", value).items()
        return min((self.item.fit(item) if isinstance(key, str) else NO for key, item in pairs), default=EXACT)

    def _each(self, value: object, convert: Callable[[object], object]) -> dict[str, object]:
        if not isinstance(value, dict):
            raise TypeMismatch(self.shown, describe(value))
        converted: dict[str, object] = {}
        for key, item in cast("dict[object, object]", value).items():
            if not isinstance(key, str):
                raise TypeMismatch(self.shown, f"the key {describe(key)}")
            try:
                converted[key] = convert(item)
            except TypeMismatch as error:
                raise error.inside(key) from error
        return converted

    def fit_plain(self, plain: object) -> int:
        if not isinstance(plain, dict):
            return NO
        pairs = cast("dict[object, object]", plain).items()
        return min((self.item.fit_plain(item) if isinstance(key, str) else NO for key, item in pairs), default=EXACT)

    def coerce(self, value: object) -> object:
        return in_order(self._each(value, self.item.coerce))

    def to_literal(self, value: object, store: Store) -> Literal:
        items = self._each(value, lambda item: write(self.item, item, store))
        return Literal(map=LiteralMap(literals=cast("dict[str, Literal]", items)))

    def to_python(self, literal: Literal, store: Store) -> object:
        if not literal.HasField("map"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        literals = in_order(dict(literal.map.literals))
        return self._each(literals, lambda item: read(self.item, cast("Literal", item), store))

    def to_plain(self, value: object, store: Store) -> object:
        return self._each(value, lambda item: self.item.to_plain(item, store))

    def from_plain(self, plain: object, store: Store) -> object:
        return self._each(plain, lambda item: self.item.from_plain(item, store))


class DocumentTransformer:
    """A list or dict without one item type: `dict`, `dict[int, T]`, `dict[str, Any]`, `list`, `list[Any]`."""

    def __init__(self, inner: Transformer, *, tag: str) -> None:
        self.tag = tag
        self.shown = inner.shown
        self._inner = inner
        self.schema = inner.schema
        self.fit = inner.fit
        self.fit_plain = inner.fit_plain
        self.coerce = inner.coerce
        self.to_plain = inner.to_plain
        self.from_plain = inner.from_plain

    def literal_type(self) -> LiteralType:
        return document_type()

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self._inner.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        """From the typed forms that an untyped list or dict may also be given as."""
        return self._inner.from_plain(_untyped(literal, self.shown), store)


def _untyped(literal: Literal, shown: str) -> object:
    kind = literal.WhichOneof("value")
    if kind == "collection":
        return [_untyped(item, shown) for item in literal.collection.literals]
    if kind == "map":
        return {key: _untyped(item, shown) for key, item in in_order(dict(literal.map.literals)).items()}
    if kind == "scalar" and literal.scalar.HasField("none_type"):
        return None
    if kind == "scalar" and literal.scalar.HasField("union"):
        return _untyped(literal.scalar.union.value, shown)
    if is_document(literal):
        return plain_of(literal)
    if kind == "scalar" and literal.scalar.HasField("primitive"):
        primitive = literal.scalar.primitive
        which = primitive.WhichOneof("value")
        if which in ("integer", "float_value", "string_value", "boolean"):
            return cast("object", getattr(primitive, which))
    raise TypeMismatch(shown, describe_literal(literal))


def is_document(literal: Literal) -> bool:
    """True if a literal is a document: msgpack, or the JSON of older clients and of the console."""
    scalar = literal.scalar.WhichOneof("value") if literal.HasField("scalar") else None
    return scalar == "generic" or (scalar == "binary" and literal.scalar.binary.tag == MSGPACK)


def plain_of(literal: Literal) -> object:
    """The plain value of a document."""
    if literal.scalar.HasField("generic"):
        from google.protobuf.json_format import MessageToDict  # lazy: only old clients send this form

        return _deeply_in_order(MessageToDict(literal.scalar.generic))
    import msgspec  # lazy: most tasks have no documents

    try:
        return cast("object", msgspec.msgpack.decode(literal.scalar.binary.value))
    except msgspec.DecodeError as error:
        raise TypeMismatch("msgpack", f"bytes that are not: {error}") from error


def read(transformer: Transformer, literal: Literal, store: Store) -> object:
    """The Python value of a literal in whichever form it comes."""
    form = literal.WhichOneof("value")
    if form == "scalar":
        scalar = literal.scalar.WhichOneof("value")
        if scalar == "generic" or (scalar == "binary" and literal.scalar.binary.tag == MSGPACK):
            if transformer.tag != UNION_TAG:
                return transformer.from_plain(untagged(plain_of(literal)), store)
        elif scalar == "union" and transformer.tag != UNION_TAG:
            return read(transformer, literal.scalar.union.value, store)
    elif form == "offloaded_metadata":
        with open(store.readable(literal.offloaded_metadata.uri), "rb") as file:
            return read(transformer, Literal.FromString(file.read()), store)
    return transformer.to_python(literal, store)


def write(transformer: Transformer, value: object, store: Store) -> Literal:
    """The literal of a value."""
    return transformer.to_literal(value, store)
