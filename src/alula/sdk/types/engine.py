"""The entrance to the types: `literal_type`, `to_literal`, `to_python`.

Owns which transformer a Python type has. A type is recognised by its class and its module's name: pandas,
pyarrow and pydantic are never imported to find out, nor is what only few types need, as the process of each attempt
pays for it. There is no silent pickle: a type without a wire form raises `UnsupportedType` that says what to use.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from typing import Any, TypeVar, cast, overload

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType

from alula.sdk.store import Store
from alula.sdk.types import plains
from alula.sdk.types.batches import BatchSize
from alula.sdk.types.blobs import DirectoryTransformer, FileTransformer
from alula.sdk.types.columns import flat_columns
from alula.sdk.types.containers import (
    DocumentTransformer,
    ListTransformer,
    MapTransformer,
    read,
)
from alula.sdk.types.enums import ChoiceTransformer, EnumTransformer
from alula.sdk.types.families import FAMILIES, register_type
from alula.sdk.types.frame_library import LIBRARIES, library_of
from alula.sdk.types.frames import FrameTransformer
from alula.sdk.types.hashes import HashMethod
from alula.sdk.types.pickle import FlytePickle
from alula.sdk.types.primitives import PRIMITIVES
from alula.sdk.types.structured_dataset import StructuredDataset
from alula.sdk.types.texts import TEXT_TYPES
from alula.sdk.types.transformer import NO, Schema, Transformer, TypeMismatch, UnsupportedType
from alula.sdk.types.unions import UnionTransformer

T = TypeVar("T")
_made: dict[tuple[object, str], Transformer] = {}
_forms: dict[tuple[object, str], tuple[Transformer, LiteralType]] = {}


def literal_type(py_type: object) -> LiteralType:
    """Flyte's type of a Python type. Raises `UnsupportedType`."""
    return transformer_for(py_type).literal_type()


def to_literal(value: object, py_type: object, store: Store) -> Literal:
    """A value as literal of the type; files and data frames are stored. Raises `TypeMismatch`."""
    return transformer_for(py_type).to_literal(value, store)


@overload
def to_python(literal: Literal, py_type: type[T], store: Store) -> T: ...


@overload
def to_python(literal: Literal, py_type: object, store: Store) -> object: ...


def to_python(literal: Literal, py_type: object, store: Store) -> object:
    """The value of a literal. Raises `TypeMismatch`."""
    return read(transformer_for(py_type), literal, store)


def json_schema(py_type: object) -> Schema:
    """JSON schema of the plain form of a type."""
    return transformer_for(py_type).schema()


def from_plain(plain: object, py_type: object, store: Store) -> object:
    """The value of what JSON or YAML gave. Raises `TypeMismatch`."""
    return transformer_for(py_type).from_plain(plain, store)


def fits(value: object, py_type: object) -> bool:
    """True if a value is of the type or may be converted to it."""
    return transformer_for(py_type).fit(value) != NO


def transformer_for(py_type: object) -> Transformer:
    """The conversions of a type. Raises `UnsupportedType`, for a part of it too."""
    # Union[int, str] and Union[str, int] are equal but have their variants in another order
    key = (py_type, repr(py_type)) if typing.get_args(py_type) else (py_type, "")
    try:
        made = _made.get(key)
    except TypeError:  # unhashable metadata in Annotated
        return _make(py_type)
    if made is None:
        made = _make(py_type)
        _made[key] = made
    return made


def wire_form(py_type: object) -> tuple[Transformer, LiteralType]:
    """The conversions and Flyte's type of an input or output; the message is shared, so don't change it."""
    key = (py_type, repr(py_type))
    try:
        form = _forms.get(key)
    except TypeError:  # unhashable metadata in Annotated
        transformer = _make(py_type)
        return transformer, transformer.literal_type()
    if form is None:
        transformer = transformer_for(py_type)
        form = _forms[key] = (transformer, transformer.literal_type())
    return form


def _make(py_type: object) -> Transformer:
    primitive = PRIMITIVES.get(py_type) if py_type is None or isinstance(py_type, type) else None
    if primitive is not None:
        return primitive
    origin = typing.get_origin(py_type)
    arguments = typing.get_args(py_type)
    if origin is typing.Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin in (typing.Union, types.UnionType):
        return UnionTransformer([transformer_for(argument) for argument in arguments])
    if origin is typing.Literal:
        return ChoiceTransformer(arguments, shown_type(py_type))
    if isinstance(py_type, typing.NewType):
        return transformer_for(cast("object", py_type.__supertype__))
    alias = getattr(py_type, "__value__", None)
    if alias is not None and type(py_type).__name__ == "TypeAliasType":
        return transformer_for(alias)
    if origin is FlytePickle or py_type is FlytePickle:
        return _pickled((*arguments, Any)[0])
    if origin is Iterator:
        return _iterator(arguments[0])
    if py_type is Any:
        return plains.any_value()
    container = _container(py_type, origin, arguments)
    if container is not None:
        return container
    known = _class(origin if isinstance(origin, type) else py_type, arguments)
    if known is not None:
        return known
    if isinstance(py_type, str):
        raise UnsupportedType(f"the type is the text {py_type!r}, not a type")
    raise UnsupportedType(
        f"`{shown_type(py_type)}` has no form on the wire; use a dataclass, a pydantic model, or a FlyteFile to"
        " which the task writes the value"
    )


def _container(py_type: object, origin: object, arguments: tuple[object, ...]) -> Transformer | None:
    untyped = (*arguments, Any, Any)
    if py_type is list or origin is list:
        item = transformer_for(untyped[0])
        inner = ListTransformer(item)
        return inner if _has_literal_type(item) else DocumentTransformer(inner, tag=inner.tag)
    if py_type is dict or origin is dict:
        key, item = untyped[0], transformer_for(untyped[1])
        if key is str:
            typed = MapTransformer(item)
            return typed if _has_literal_type(item) else DocumentTransformer(typed, tag=typed.tag)
        return DocumentTransformer(plains.keyed_dict(transformer_for(key), item), tag=MapTransformer.tag)
    collection = origin or py_type
    if collection is set or collection is frozenset:
        return plains.sequence(cast("type", collection), transformer_for(untyped[0]))
    if py_type is tuple or origin is tuple:
        if not arguments or arguments[-1] is Ellipsis:
            return plains.sequence(tuple, transformer_for(untyped[0]))
        return plains.record([transformer_for(argument) for argument in arguments])
    return None


def _has_literal_type(transformer: Transformer) -> bool:
    return not isinstance(transformer, plains.PlainTransformer)


def _class(class_: object, arguments: tuple[object, ...]) -> Transformer | None:
    if not isinstance(class_, type):
        return None
    py_type = cast("type[object]", class_)
    make = FAMILIES.registered(py_type)
    if make is not None:
        return make(py_type, arguments)
    if LIBRARIES.registered(py_type) is not None:
        return _frame(py_type)
    if hasattr(py_type, "__dataclass_fields__"):
        return _dataclass(py_type, arguments)
    if hasattr(py_type, "__required_keys__"):  # a TypedDict
        return _typed_dict(py_type)
    if any(base.__module__.partition(".")[0] == "pydantic" for base in py_type.__mro__):
        return _pydantic(py_type)
    if py_type is bytes:
        return plains.bytes_value()
    text = TEXT_TYPES.get((py_type.__module__, py_type.__qualname__))
    if text is not None:
        return text(py_type)
    make = FAMILIES.installed(py_type)
    return make(py_type, arguments) if make is not None else _frame(py_type)


def _frame(class_: type) -> Transformer | None:
    library = library_of(class_)
    return FrameTransformer(library, f"{library.name}.{class_.__name__}") if library is not None else None


def _pickled(type_: object) -> Transformer:
    from alula.sdk.types.saved import pickled  # lazy: only types that ask for it

    return pickled(type_, shown_type(type_))


def _iterator(item: object) -> Transformer:
    from alula.sdk.types.iterators import JSON, iterator  # lazy: only such types

    return iterator(None if item == JSON else transformer_for(item))


def _array(class_: type, _arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.saved import array  # lazy: only such types

    return array(class_, {})


def _series(class_: type, _arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.saved import series  # lazy: only such types

    return series(class_)


def _estimator(class_: type, _arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.saved import estimator  # lazy: only such types

    return estimator(class_)


def _image(class_: type, _arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.saved import image  # lazy: only such types

    return image(class_)


def _path(_class: type, _arguments: tuple[object, ...]) -> Transformer:
    from pathlib import Path  # lazy: the type brought it along

    return FileTransformer(as_path=Path)


def _error(_class: type, _arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.error_literals import ErrorTransformer  # lazy: only failure handlers

    return ErrorTransformer()


def _dataclass(py_type: type, arguments: tuple[object, ...]) -> Transformer:
    from alula.sdk.types.structs import DataclassTransformer  # lazy: only such types

    return DataclassTransformer(py_type, transformer_for, arguments)


def _typed_dict(py_type: type) -> Transformer:
    from alula.sdk.types.typed_dicts import TypedDictTransformer  # lazy: only such types

    return TypedDictTransformer(py_type, transformer_for)


def _pydantic(py_type: type) -> Transformer:
    if hasattr(py_type, "__pydantic_fields__"):
        from alula.sdk.types.models import ModelTransformer  # lazy: only models

        return ModelTransformer(py_type, transformer_for)
    from alula.sdk.types.pydantic_values import pydantic_value  # lazy: only pydantic's own types

    return pydantic_value(py_type)


def _format(arguments: tuple[object, ...]) -> str:
    """The format in `FlyteFile["csv"]`, `FlyteFile[Literal["csv"]]` or flytekit's `FlyteFile[TypeVar("csv")]`."""
    if not arguments:
        return ""
    named = (*typing.get_args(arguments[0]), arguments[0])[0]
    if not isinstance(named, str):
        raise UnsupportedType(f'the format of a file is {named!r}, expected a text like "csv"')
    return named.removeprefix(".")


def _annotated(py_type: object, metadata: tuple[object, ...]) -> Transformer:
    inner = _described(py_type, metadata)
    method = next((item for item in metadata if isinstance(item, HashMethod)), None)
    return HashedTransformer(inner, method) if method is not None else inner


def _described(py_type: object, metadata: tuple[object, ...]) -> Transformer:
    """The conversions of a type with the columns, format or options in its annotation."""
    inner = transformer_for(py_type)
    size = next((item for item in metadata if isinstance(item, BatchSize)), None)
    if size is not None:
        if not isinstance(inner, DirectoryTransformer):
            raise UnsupportedType(
                f"`BatchSize` says how many files of a `FlyteDirectory` are moved at a time, and `{inner.shown}` is"
                " none; annotate the directory itself, as in `list[Annotated[FlyteDirectory, BatchSize(10)]]`"
            )
        return inner.in_batches(size.val)
    options = next((cast("dict[str, object]", item) for item in metadata if isinstance(item, dict)), None)
    if isinstance(inner, FrameTransformer):
        try:
            columns = {name: transformer_for(type_) for name, type_ in flat_columns(options or {}).items()}
        except NameError as error:
            raise UnsupportedType(f"the columns of `{inner.shown}` can't be evaluated: {error}") from error
        return inner.declared(columns, _file_format(inner, metadata))
    if options and isinstance(py_type, type) and is_array(py_type):
        from alula.sdk.types.saved import array  # lazy: only such types

        return array(py_type, options)
    return inner


def _file_format(frames: FrameTransformer, metadata: tuple[object, ...]) -> str:
    """The format that an annotation names: as in flytekit, its text is one."""
    name = next((item for item in metadata if isinstance(item, str)), "")
    if name and name not in frames.formats:
        known = " or ".join(f"`{each}`" for each in frames.formats)
        raise UnsupportedType(f"`{frames.shown}` has no format `{name}`; the text in its annotation is {known}")
    return name


def is_array(class_: type) -> bool:
    """True for `numpy.ndarray`."""
    return class_.__module__.partition(".")[0] == "numpy" and class_.__name__ == "ndarray"


register_type("alula.FlyteFile", lambda _, arguments: FileTransformer(_format(arguments)))
register_type("alula.FlyteDirectory", lambda _, arguments: DirectoryTransformer(_format(arguments)))
register_type(
    "alula.StructuredDataset",
    lambda class_, _arguments: FrameTransformer(None, class_.__name__, dataset=cast("type[StructuredDataset]", class_)),
)
register_type("alula.FlyteError", _error)
register_type("enum.Enum", lambda class_, _: EnumTransformer(cast("type[enum.Enum]", class_)))
register_type("os.PathLike", _path, subclasses=False)
register_type("pathlib.PurePath", _path)
register_type("numpy.ndarray", _array)
register_type("pandas.Series", _series, subclasses=False)
register_type("sklearn.BaseEstimator", _estimator)
register_type("PIL.Image", _image)


class HashedTransformer:
    """`Annotated[T, HashMethod(f)]`: literals carry the hash that the cache compares."""

    def __init__(self, inner: Transformer, method: HashMethod) -> None:
        self._inner = inner
        self._method = method
        self.tag = inner.tag
        self.shown = inner.shown
        self.literal_type = inner.literal_type
        self.schema = inner.schema
        self.fit = inner.fit
        self.fit_plain = inner.fit_plain
        self.coerce = inner.coerce
        self.to_python = inner.to_python
        self.to_plain = inner.to_plain
        self.from_plain = inner.from_plain

    def to_literal(self, value: object, store: Store) -> Literal:
        literal = self._inner.to_literal(value, store)
        literal.hash = self._method.calculate(value)
        return literal


def shown_type(py_type: object) -> str:
    """A type as people write it."""
    if isinstance(py_type, type) and not typing.get_args(py_type):
        module = py_type.__module__
        return py_type.__qualname__ if module in ("builtins", "__main__") else f"{module}.{py_type.__qualname__}"
    return repr(py_type).replace("typing.", "")


__all__ = [
    "Schema",
    "TypeMismatch",
    "UnsupportedType",
    "fits",
    "from_plain",
    "json_schema",
    "literal_type",
    "shown_type",
    "to_literal",
    "to_python",
    "transformer_for",
    "wire_form",
]
