"""Values that pydantic knows, as plain values: of fields of models, and of pydantic's own types.

pydantic is loaded where such a type is met; nothing here is loaded otherwise.
"""

from __future__ import annotations

import enum
import types
import typing
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, PydanticUserError, TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

from alula.sdk.store import NO_STORE, Store
from alula.sdk.types import plains
from alula.sdk.types.blobs import DirectoryTransformer, FileTransformer
from alula.sdk.types.containers import ListTransformer, MapTransformer
from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.file import FlyteFile
from alula.sdk.types.frames import FrameTransformer
from alula.sdk.types.primitives import PRIMITIVES
from alula.sdk.types.structs import TransformerFor
from alula.sdk.types.structured_dataset import StructuredDataset
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
)
from alula.sdk.types.unions import UnionTransformer

_UNIONS = (typing.Union, types.UnionType)
_SERIALIZERS = ("PlainSerializer", "WrapSerializer")


def as_plain(value: object, store: Store, *, bytes_form: str = "utf8") -> object:
    """The plain value of what `model_dump()` gave: pydantic's JSON form where there is one.

    `bytes_form` is the form of bytes in the model's configuration: `utf8`, `base64` or `hex`.
    """

    def inner(each: object) -> object:
        return as_plain(each, store, bytes_form=bytes_form)

    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, enum.Enum):
        return inner(value.value)
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return {_key(inner(key)): inner(item) for key, item in pairs}
    if isinstance(value, (list, tuple, deque)):
        return [inner(item) for item in cast("list[object]", value)]
    if isinstance(value, (set, frozenset)):
        return plains.sorted_plain([inner(item) for item in cast("set[object]", value)])
    if isinstance(value, bytes):
        return _text_or_bytes(value, bytes_form)
    if isinstance(value, FlyteFile):
        return FileTransformer().to_plain(cast("FlyteFile[Any]", value), store)
    if isinstance(value, FlyteDirectory):
        return DirectoryTransformer().to_plain(cast("FlyteDirectory[Any]", value), store)
    if isinstance(value, StructuredDataset):
        return FrameTransformer(None, "StructuredDataset").to_plain(value, store)
    secret = getattr(value, "get_secret_value", None)
    if secret is not None:
        return inner(secret())
    try:
        return cast("object", to_jsonable_python(value))
    except PydanticSerializationError as error:
        raise TypeMismatch("a value that pydantic can write as JSON", describe(value)) from error


def _text_or_bytes(value: bytes, form: str) -> object:
    try:
        return value.decode() if form == "utf8" else to_jsonable_python(value, bytes_mode=cast("Any", form))
    except UnicodeDecodeError:
        return value


def _key(plain: object) -> str:
    """A key as JSON has it."""
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, (bool, int, float)):
        (text,) = cast("dict[str, object]", to_jsonable_python({plain: None}))
        return text
    raise TypeMismatch("keys that are texts or numbers", f"the key {describe(plain)}")


def has_bytes(plain: object) -> bool:
    """True if a plain value holds bytes, which JSON can't."""
    if isinstance(plain, dict):
        return any(map(has_bytes, cast("dict[object, object]", plain).values()))
    if isinstance(plain, list):
        return any(map(has_bytes, cast("list[object]", plain)))
    return isinstance(plain, bytes)


def in_model(
    annotation: object, metadata: Sequence[object], discriminator: object, transformer_for: TransformerFor
) -> Transformer | None:
    """The conversions of a field where pydantic's own lose something; None where they don't.

    That is where it holds a union whose variant pydantic would guess, or a model, whose class it would not check.
    """
    chooses = discriminator is not None or any(_chooses(each) for each in metadata)
    if chooses or not _needs_conversion(annotation, frozenset()):
        return None
    return _conversion(annotation, transformer_for)


def _chooses(metadata: object) -> bool:
    """True if metadata of an annotation says how the value is written, or which variant of a union it is."""
    discriminator = getattr(metadata, "discriminator", None)
    return discriminator is not None or type(metadata).__name__ in _SERIALIZERS


def _needs_conversion(annotation: object, seen: frozenset[object]) -> bool:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return True
    if origin is typing.Annotated:
        return not any(map(_chooses, arguments[1:])) and _needs_conversion(arguments[0], seen)
    if origin is typing.Literal:
        return False
    if origin in _UNIONS and sum(each is not type(None) for each in arguments) > 1:
        return True
    if is_model(annotation) or _has_composite_keys(origin, arguments):
        return True
    return any(_needs_conversion(each, seen) for each in arguments)


def _conversion(annotation: object, transformer_for: TransformerFor) -> Transformer:
    """As `engine.transformer_for`, but by pydantic's view of a type: a `Path` in a model is a text, no file."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)

    def inner(each: object) -> Transformer:
        return _conversion(each, transformer_for)

    if annotation is Any:
        return plains.any_value()
    if not _needs_conversion(annotation, frozenset()):
        return _leaf(annotation, transformer_for)
    if origin is typing.Annotated:
        return inner(arguments[0])
    if origin in _UNIONS:
        return UnionTransformer([inner(each) for each in arguments])
    if origin is list:
        return ListTransformer(inner(arguments[0]))
    if origin is dict and arguments[0] is str:
        return MapTransformer(inner(arguments[1]))
    if _has_composite_keys(origin, arguments):
        return plains.keyed_dict(inner(arguments[0]), inner(arguments[1]))
    if origin in (set, frozenset) or (origin is tuple and arguments[-1] is Ellipsis):
        return plains.sequence(cast("type", origin), inner(arguments[0]))
    if origin is tuple:
        return plains.record([inner(each) for each in arguments])
    return transformer_for(annotation) if is_model(annotation) else pydantic_value(annotation)


def _has_composite_keys(origin: object, arguments: tuple[object, ...]) -> bool:
    """True for a mapping whose keys have parts: pydantic writes these as texts that it can't read."""
    if not isinstance(origin, type) or not issubclass(origin, Mapping):
        return False
    key = typing.get_origin(arguments[0]) or arguments[0]
    has_fields = hasattr(key, "__dataclass_fields__")
    return has_fields or (isinstance(key, type) and issubclass(key, (tuple, list, set, frozenset)))


def is_model(annotation: object) -> bool:
    """True if it is the class of a pydantic model."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _leaf(annotation: object, transformer_for: TransformerFor) -> Transformer:
    is_ours = annotation in PRIMITIVES if isinstance(annotation, type) else False
    class_: Any = typing.get_origin(annotation) or annotation  # Any: what annotations may be
    if isinstance(class_, type):
        is_ours = is_ours or issubclass(class_, (enum.Enum, FlyteFile, FlyteDirectory, StructuredDataset))
    return transformer_for(annotation) if is_ours else pydantic_value(annotation)


def pydantic_value(annotation: object) -> plains.PlainTransformer:
    """A type that pydantic knows: its validation and its JSON. Raises `UnsupportedType` for one that it doesn't."""
    shown = annotation.__name__ if isinstance(annotation, type) else repr(annotation).replace("typing.", "")
    try:
        adapter: TypeAdapter[object] = TypeAdapter(cast("Any", annotation))
    except PydanticUserError as error:
        raise UnsupportedType(f"`{shown}` is no type that pydantic can convert: {error.message}") from error

    def schema() -> Schema:
        try:
            return adapter.json_schema()
        except PydanticUserError as error:
            raise UnsupportedType(f"`{shown}` has no JSON schema: {error.message}") from error

    def fit(value: object) -> int:
        try:
            valid = adapter.validate_python(value, strict=True)
        except ValueError:
            return NO
        return EXACT if type(valid) is type(value) and valid == value else NO

    def to_plain(value: object, store: Store) -> object:
        return as_plain(adapter.dump_python(value, round_trip=True, warnings=False), store)

    def fit_plain(plain: object) -> int:
        try:
            valid = adapter.validate_python(plain)
        except ValueError:
            return NO
        return EXACT if plains.packed(to_plain(valid, NO_STORE)) == plains.packed(plain) else CONVERTS

    return plains.PlainTransformer(
        shown,
        schema,
        fit=fit,
        to_plain=to_plain,
        from_plain=lambda plain, store: adapter.validate_python(plain),
        fit_plain=fit_plain,
        instead="put it into a model or dataclass",
    )
