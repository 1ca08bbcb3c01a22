"""dataclasses: one msgpack document, with a JSON schema and the types of the fields.

The document is as flytekit 1.16 writes it: field names and plain values, integers stay integers, a file is
`{"path": uri}`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar, cast

from flyteidl.core.types_pb2 import LiteralType, TypeStructure

from alula.sdk.store import Store
from alula.sdk.types.class_documents import ClassDocument
from alula.sdk.types.containers import document_type
from alula.sdk.types.generics import field_types
from alula.sdk.types.restoring import Restored
from alula.sdk.types.transformer import (
    CONVERTS,
    DATACLASS_TAG,
    EXACT,
    LOSES,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
)

TransformerFor = Callable[[object], Transformer]

_describing: ContextVar[frozenset[object]] = ContextVar("alula_described_types", default=frozenset())


@contextmanager
def described(type_: object) -> Generator[bool]:
    """Yield True if the type is met for the first time on this path: a dataclass may contain itself."""
    seen = _describing.get()
    token = _describing.set(seen | {type_})
    try:
        yield type_ not in seen
    finally:
        _describing.reset(token)


def schema_at_top(transformer: Transformer) -> Schema:
    """The schema as if its type were not being described already."""
    token = _describing.set(frozenset())
    try:
        return transformer.schema()
    finally:
        _describing.reset(token)


class DataclassTransformer(ClassDocument):
    """A dataclass. Its fields may be of any type that has a plain form, also files, data frames, dataclasses."""

    tag = DATACLASS_TAG

    def __init__(self, type_: type, transformer_for: TransformerFor, arguments: tuple[object, ...] = ()) -> None:
        """`arguments` are the types of a generic one, as `int` of `Box[int]`."""
        super().__init__(type_)
        self._transformer_for = transformer_for
        self._arguments = arguments
        names = f"[{', '.join(transformer_for(each).shown for each in arguments)}]" if arguments else ""
        self.shown = f"{type_.__qualname__}{names}"
        self._title = type_.__name__ + names

    @cached_property
    def _fields(self) -> dict[str, tuple[dataclasses.Field[Any], Transformer]]:
        try:
            hints = field_types(self._type, self._arguments)
        except NameError as error:
            raise UnsupportedType(f"the fields of `{self.shown}` can't be evaluated: {error}") from error
        found: dict[str, tuple[dataclasses.Field[Any], Transformer]] = {}
        for field in dataclasses.fields(self._type):
            if isinstance(hints[field.name], TypeVar):
                what = f"field `{field.name}` of `{self.shown}` may be of any type `{hints[field.name]}`"
                raise UnsupportedType(f"{what}; name it, as `{self._type.__name__}[int]`")
            try:
                found[field.name] = (field, self._transformer_for(hints[field.name]))
            except UnsupportedType as error:
                raise UnsupportedType(f"field `{field.name}` of `{self.shown}`: {error}") from error
        return found

    @property
    def _described(self) -> object:
        return (self._type, self._arguments) if self._arguments else self._type

    def fit(self, value: object) -> int:
        fit = super().fit(value)
        if fit == NO or not self._arguments:
            return fit
        return min(transformer.fit(getattr(value, name, None)) for name, (_, transformer) in self._fields.items())

    def literal_type(self) -> LiteralType:
        literal_type = document_type()
        with described(self._described) as is_new:
            if is_new:
                literal_type.metadata.update(schema_at_top(self))
                structure = TypeStructure()
                for name, (_, transformer) in self._fields.items():
                    try:
                        field_type = transformer.literal_type()
                    except UnsupportedType:
                        continue  # has a plain form only: no type for attribute access, as in flytekit
                    structure.dataclass_type[name].CopyFrom(field_type)
                literal_type.structure.CopyFrom(structure)
        return literal_type

    def schema(self) -> Schema:
        schema: Schema = {"type": "object", "title": self._title}
        with described(self._described) as is_new:
            if not is_new:
                return schema
            properties: Schema = {}
            required: list[str] = []
            for name, (field, transformer) in self._fields.items():
                properties[name] = transformer.schema()
                if field.default is not dataclasses.MISSING:
                    default = _schema_default(transformer, field.default)
                    if default is not dataclasses.MISSING:
                        properties[name] = {**properties[name], "default": default}
                elif field.default_factory is dataclasses.MISSING and field.init:
                    required.append(name)
        if properties:
            schema["properties"] = properties
        if required:
            schema["required"] = required
        schema["additionalProperties"] = False
        return schema

    def fit_plain(self, plain: object) -> int:
        if not isinstance(plain, dict):
            return NO
        given = cast("dict[object, object]", plain)
        worst = EXACT if given.keys() <= self._fields.keys() else LOSES
        for name, (field, transformer) in self._fields.items():
            if name in given:
                worst = min(worst, transformer.fit_plain(given[name]))
            elif is_required(field):
                return NO
            else:
                worst = min(worst, CONVERTS)
        return worst

    def to_plain(self, value: object, store: Store) -> object:
        self.coerce(value)
        plain: dict[str, object] = {}
        for name, (_, transformer) in self._fields.items():
            try:
                plain[name] = transformer.to_plain(getattr(value, name), store)
            except TypeMismatch as error:
                raise error.inside(name) from error
        return plain

    def from_plain(self, plain: object, store: Store) -> object:
        if not isinstance(plain, dict):
            raise TypeMismatch(self.shown, describe(plain))
        given = cast("dict[object, object]", plain)
        for name, (field, _) in self._fields.items():
            if name not in given and is_required(field):
                raise TypeMismatch(f"{self.shown} with a field `{name}`", describe(given))
        return self._restored.make(lambda: self._values(given, store))

    @cached_property
    def _restored(self) -> Restored:
        return Restored(self._type)

    def _values(self, given: dict[object, object], store: Store) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, (_, transformer) in self._fields.items():
            if name in given:
                try:
                    values[name] = transformer.from_plain(given[name], store)
                except TypeMismatch as error:
                    raise error.inside(name) from error
        return values


def is_required(field: dataclasses.Field[Any]) -> bool:
    """True if a document must have the field."""
    return field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _schema_default(transformer: Transformer, default: object) -> object:
    """A default as JSON; MISSING for one whose plain form would need a store."""
    if default is None or isinstance(default, (bool, int, float, str)):
        return default
    plain = getattr(default, "value", dataclasses.MISSING)  # the value of an Enum member
    return plain if isinstance(plain, (bool, int, float, str)) else dataclasses.MISSING
