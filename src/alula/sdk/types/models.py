"""pydantic models: one msgpack document, with a JSON schema and the types of the fields.

The document is as flytekit 1.16 writes it: the names of the fields, and values as pydantic writes them as JSON. Values
without a form in JSON (NaN, infinity, bytes that are no text) have one in msgpack. A value comes back as pydantic's own
`model_validate(model_dump())` gives it back, but that aliases, computed fields and `Json` are no obstacle, and that
values of unions and models inside it come back as what they were.
"""

from __future__ import annotations

import json
import typing
from functools import cached_property
from typing import Any, cast

from flyteidl.core.types_pb2 import LiteralType, TypeStructure

from alula.sdk.store import NO_STORE, Store, open_store
from alula.sdk.types.class_documents import ClassDocument
from alula.sdk.types.containers import document_type
from alula.sdk.types.pydantic_values import as_plain, has_bytes, in_model
from alula.sdk.types.structs import TransformerFor, described
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    LOSES,
    MODEL_TAG,
    NO,
    OnlyInDocuments,
    Schema,
    Transformer,
    TypeMismatch,
    UnsupportedType,
    describe,
)


class ModelTransformer(ClassDocument):
    """A pydantic model (version 2)."""

    tag = MODEL_TAG

    def __init__(self, type_: type, transformer_for: TransformerFor) -> None:
        super().__init__(type_)
        self._transformer_for = transformer_for
        for name, field in self._type.model_fields.items():
            if field.exclude and field.is_required():
                raise UnsupportedType(
                    f"field `{name}` of `{self.shown}` is required, but `exclude=True` leaves it out of what is"
                    " written, so that it can't be read; give it a default"
                )

    def literal_type(self) -> LiteralType:
        literal_type = document_type()
        with described(self._type) as is_new:
            if is_new:
                literal_type.metadata.update(self.schema())
                structure = TypeStructure()
                for name, field in self._type.model_fields.items():
                    field_type = self._field_type(name, field.annotation)
                    if field_type is not None:
                        structure.dataclass_type[name].CopyFrom(field_type)
                literal_type.structure.CopyFrom(structure)
        return literal_type

    def _field_type(self, name: str, annotation: object) -> LiteralType | None:
        """The type of a field for access to its attributes; None where only pydantic knows it."""
        try:
            transformer = self._inside.get(name) or self._transformer_for(annotation)
            return transformer.literal_type()
        except UnsupportedType as error:
            if name in self._inside and not isinstance(error, OnlyInDocuments):
                raise UnsupportedType(f"field `{name}` of `{self.shown}`: {error}") from error
            return None

    def schema(self) -> Schema:
        from alula.sdk.types.pydantic_schema import json_schema  # lazy: only registering asks

        return json_schema(self._type)

    @cached_property
    def _inside(self) -> dict[str, Transformer]:
        """Conversions by field, where pydantic's own would lose the kind of the value."""
        decorators = self._type.__pydantic_decorators__
        if decorators.model_serializers:
            return {}
        written = {name for each in decorators.field_serializers.values() for name in each.info.fields}
        found: dict[str, Transformer] = {}
        for name, field in self._type.model_fields.items():
            if name in written or "*" in written or field.exclude:
                continue
            try:
                transformer = in_model(field.annotation, field.metadata, field.discriminator, self._transformer_for)
            except UnsupportedType as error:
                raise UnsupportedType(f"field `{name}` of `{self.shown}`: {error}") from error
            if transformer is not None:
                found[name] = transformer
        return found

    def fit_plain(self, plain: object) -> int:
        """By its fields, and whether the model takes the values: its validators run for that."""
        try:
            self.from_plain(plain, NO_STORE)
        except TypeMismatch:
            return NO
        if not isinstance(plain, dict):
            return EXACT
        given = set(cast("dict[str, object]", plain))
        written = {name for name, field in self._type.model_fields.items() if not field.exclude}
        if given == written:
            return EXACT
        return CONVERTS if given <= written else LOSES

    def to_plain(self, value: object, store: Store) -> object:
        model: Any = self.coerce(value)  # Any: a pydantic model
        dumped = model.model_dump(round_trip=True, by_alias=False, warnings=False, exclude=set(self._inside))
        plain = as_plain(dumped, store, bytes_form=self._type.model_config.get("ser_json_bytes", "utf8"))
        if not isinstance(plain, dict):
            return plain
        fields = cast("dict[str, object]", plain)
        for name, transformer in self._inside.items():
            try:
                fields[name] = transformer.to_plain(getattr(model, name), store)
            except TypeMismatch as error:
                raise error.inside(name) from error
        return fields

    def from_plain(self, plain: object, store: Store) -> object:
        token = open_store.set(store)
        try:
            return self._validated(plain, store)
        except TypeMismatch:
            raise
        except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
            raise TypeMismatch(self.shown, f"{describe(plain)}: {reasons(error)}") from error
        finally:
            open_store.reset(token)

    def _validated(self, plain: object, store: Store) -> object:
        settings = {"by_alias": True, "by_name": True, "context": {"deserialize": True}}
        inside = self._read_inside(plain, store)
        if inside or has_bytes(plain):
            given = {**cast("dict[str, object]", plain), **inside} if inside else plain
            return self._type.model_validate(given, **settings)
        return self._type.model_validate_json(json.dumps(plain), strict=False, **settings)

    def _read_inside(self, plain: object, store: Store) -> dict[str, object]:
        if not isinstance(plain, dict):
            return {}
        given = cast("dict[str, object]", plain)
        read: dict[str, object] = {}
        for name, transformer in self._inside.items():
            if name in given:
                try:
                    read[name] = transformer.from_plain(given[name], store)
                except TypeMismatch as error:
                    raise error.inside(name) from error
        return read


def reasons(error: Exception) -> str:
    """The problems that pydantic found, in one line: `depth: Input should be greater than 0`."""
    problems: list[dict[str, Any]] = typing.cast("Any", error).errors() if hasattr(error, "errors") else []
    said = "; ".join(": ".join((*map(str, problem["loc"]), problem["msg"])) for problem in problems)
    return said or str(error)
