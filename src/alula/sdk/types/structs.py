"""dataclasses and pydantic models: one msgpack document, with a JSON schema and the types of the fields.

The document is as flytekit 1.16 writes it: field names and plain values, integers stay integers, a file is
`{"path": uri}`.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, cast

from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType, TypeStructure

from alula.sdk.types.containers import document, document_type
from alula.sdk.types.file import open_store
from alula.sdk.types.store import Store
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
    describe_literal,
)

TransformerFor = Callable[[object], Transformer]

_describing: ContextVar[frozenset[type]] = ContextVar("alula_described_types", default=frozenset())


@contextmanager
def _described(type_: type) -> Generator[bool]:
    """Whether the type is met for the first time on this path: a dataclass may contain itself."""
    seen = _describing.get()
    token = _describing.set(seen | {type_})
    try:
        yield type_ not in seen
    finally:
        _describing.reset(token)


class DataclassTransformer:
    """A dataclass. Its fields may be of any type that has a plain form, also files, data frames, dataclasses."""

    tag = "Object-Dataclass-Transformer"

    def __init__(self, type_: type, transformer_for: TransformerFor) -> None:
        self._type = type_
        self._transformer_for = transformer_for
        self.shown = type_.__qualname__

    @cached_property
    def _fields(self) -> dict[str, tuple[dataclasses.Field[Any], Transformer]]:
        try:
            hints = typing.get_type_hints(self._type, include_extras=True)
        except NameError as error:
            raise UnsupportedType(f"the fields of `{self.shown}` can't be evaluated: {error}") from error
        found: dict[str, tuple[dataclasses.Field[Any], Transformer]] = {}
        for field in dataclasses.fields(self._type):
            try:
                found[field.name] = (field, self._transformer_for(hints[field.name]))
            except UnsupportedType as error:
                raise UnsupportedType(f"field `{field.name}` of `{self.shown}`: {error}") from error
        return found

    def literal_type(self) -> LiteralType:
        literal_type = document_type()
        with _described(self._type) as is_new:
            if is_new:
                literal_type.metadata.update(self.schema_at_top())
                structure = TypeStructure()
                for name, (_, transformer) in self._fields.items():
                    try:
                        field_type = transformer.literal_type()
                    except UnsupportedType:
                        continue  # has a plain form only: no type for attribute access, as in flytekit
                    structure.dataclass_type[name].CopyFrom(field_type)
                literal_type.structure.CopyFrom(structure)
        return literal_type

    def schema_at_top(self) -> Schema:
        """The schema as if the type were not being described already."""
        token = _describing.set(frozenset())
        try:
            return self.schema()
        finally:
            _describing.reset(token)

    def schema(self) -> Schema:
        described: Schema = {"type": "object", "title": self._type.__name__}
        with _described(self._type) as is_new:
            if not is_new:
                return described
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
            described["properties"] = properties
        if required:
            described["required"] = required
        described["additionalProperties"] = False
        return described

    def fit(self, value: object) -> int:
        if type(value) is self._type:
            return EXACT
        return CONVERTS if isinstance(value, self._type) else NO

    def coerce(self, value: object) -> object:
        if not isinstance(value, self._type):
            raise TypeMismatch(self.shown, describe(value))
        return value

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        raise TypeMismatch(self.shown, describe_literal(literal))

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
        values: dict[str, object] = {}
        for name, (field, transformer) in self._fields.items():
            if name in given and field.init:
                try:
                    values[name] = transformer.from_plain(given[name], store)
                except TypeMismatch as error:
                    raise error.inside(name) from error
            elif field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise TypeMismatch(f"{self.shown} with a field `{name}`", describe(given))
        return self._type(**values)


def _schema_default(transformer: Transformer, default: object) -> object:
    """A default as JSON; MISSING for one whose plain form would need a store."""
    if default is None or isinstance(default, (bool, int, float, str)):
        return default
    plain = getattr(default, "value", dataclasses.MISSING)  # the value of an Enum member
    return plain if isinstance(plain, (bool, int, float, str)) else dataclasses.MISSING


class ModelTransformer:
    """A pydantic model (version 2). Its own serializers and validators make the document."""

    tag = "Pydantic Transformer"

    def __init__(self, type_: type, transformer_for: TransformerFor) -> None:
        self._type: Any = type_  # Any: a pydantic model class; pydantic is not imported here
        self._transformer_for = transformer_for
        self.shown = type_.__qualname__

    def literal_type(self) -> LiteralType:
        literal_type = document_type()
        with _described(self._type) as is_new:
            if is_new:
                literal_type.metadata.update(self.schema())
                structure = TypeStructure()
                for name, field in self._type.model_fields.items():
                    try:
                        field_type = self._transformer_for(field.annotation).literal_type()
                    except UnsupportedType:
                        continue  # pydantic can hold it; no type for attribute access
                    structure.dataclass_type[name].CopyFrom(field_type)
                literal_type.structure.CopyFrom(structure)
        return literal_type

    def schema(self) -> Schema:
        return self._type.model_json_schema()

    def fit(self, value: object) -> int:
        if type(value) is self._type:
            return EXACT
        return CONVERTS if isinstance(value, self._type) else NO

    def coerce(self, value: object) -> object:
        if not isinstance(value, self._type):
            raise TypeMismatch(self.shown, describe(value))
        return value

    def to_literal(self, value: object, store: Store) -> Literal:
        return document(self.to_plain(value, store))

    def to_python(self, literal: Literal, store: Store) -> object:
        raise TypeMismatch(self.shown, describe_literal(literal))

    def to_plain(self, value: object, store: Store) -> object:
        self.coerce(value)
        token = open_store.set(store)
        try:
            return json.loads(self._type.model_dump_json(value))
        finally:
            open_store.reset(token)

    def from_plain(self, plain: object, store: Store) -> object:
        token = open_store.set(store)
        try:
            return self._type.model_validate_json(json.dumps(plain), strict=False, context={"deserialize": True})
        except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
            raise TypeMismatch(self.shown, f"{describe(plain)}: {error}") from error
        finally:
            open_store.reset(token)
