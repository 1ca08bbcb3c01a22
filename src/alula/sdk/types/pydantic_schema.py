"""The JSON schema of a pydantic model, the same in each process, and which field of a model has none.

Loaded when a model is described.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, PydanticInvalidForJsonSchema, PydanticUserError, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from alula.sdk.store import NO_STORE
from alula.sdk.types.pydantic_values import as_plain, is_model
from alula.sdk.types.transformer import Schema, UnsupportedType

_NO_SCHEMA = (PydanticInvalidForJsonSchema, PydanticUserError, PydanticSerializationError)


class _Ordered(GenerateJsonSchema):
    """pydantic's schema, with defaults that are sets in one order, and in silence without those that are no JSON."""

    ignored_warning_kinds = {*GenerateJsonSchema.ignored_warning_kinds, "non-serializable-default"}  # noqa: RUF012

    def get_default_value(self, schema: Any) -> Any:
        default = super().get_default_value(schema)
        return as_plain(default, NO_STORE) if _holds_set(default) else default


def json_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model. Raises `UnsupportedType` for a field that has none."""
    try:
        return model.model_json_schema(schema_generator=_Ordered)
    except _NO_SCHEMA as error:
        where, type_ = next(_without_schema(model, set()), (f"a field of `{model.__qualname__}`", "type"))
        raise UnsupportedType(without_form(where, type_)) from error


def without_form(where: str, type_: str) -> str:
    """The message about a type in a model that has no form on the wire."""
    is_frame = type_.partition(".")[0] in ("pandas", "pyarrow")
    instead = (
        "`StructuredDataset(dataframe=...)`, whose `open(...).all()` gives the frame"
        if is_frame
        else "a dataclass, a model, or a FlyteFile to which the task writes the value"
    )
    return f"{where} holds `{type_}`, which has no form on the wire in a model; use {instead}"


def _without_schema(model: type[BaseModel], seen: set[object]) -> Iterator[tuple[str, str]]:
    """The fields of a model, and of those inside it, without a schema: where each is, and the type."""
    seen.add(model)
    for name, field in model.model_fields.items():
        for part in _parts(field.annotation):
            if is_model(part):
                yield from () if part in seen else _without_schema(cast("type[BaseModel]", part), seen)
            elif not _has_schema(part):
                yield f"field `{name}` of `{model.__qualname__}`", _shown(part)


def _parts(annotation: object) -> Iterator[object]:
    """The types in an annotation: `T` and `None` in `list[T] | None`."""
    arguments = typing.get_args(annotation)
    if not arguments or not all(_is_type(each) for each in arguments):
        yield annotation
    for each in arguments:
        if _is_type(each):
            yield from _parts(each)


def _is_type(argument: object) -> bool:
    return isinstance(argument, type) or bool(typing.get_args(argument))


def _has_schema(annotation: object) -> bool:
    try:
        config = ConfigDict(arbitrary_types_allowed=True)
        TypeAdapter(cast("Any", annotation), config=config).json_schema(schema_generator=_Ordered)
    except PydanticInvalidForJsonSchema:
        return False
    except PydanticUserError:
        return True  # takes no configuration: a class that pydantic knows
    return True


def _shown(annotation: object) -> str:
    if isinstance(annotation, type):
        return f"{annotation.__module__}.{annotation.__qualname__}".replace("pyarrow.lib.", "pyarrow.")
    return repr(annotation).replace("typing.", "").replace("collections.abc.", "")


def _holds_set(value: object) -> bool:
    if isinstance(value, (set, frozenset)):
        return True
    if isinstance(value, dict):
        return any(map(_holds_set, cast("dict[object, object]", value).values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_set, cast("list[object]", value)))
