"""The JSON schema of a pydantic model, the same in each process. Loaded when a model is described."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from alula.sdk.store import NO_STORE
from alula.sdk.types.pydantic_values import as_plain
from alula.sdk.types.transformer import Schema, UnsupportedType


class _Ordered(GenerateJsonSchema):
    """pydantic's schema, with defaults that are sets in one order."""

    def encode_default(self, dft: Any) -> Any:
        return as_plain(dft, NO_STORE) if _holds_set(dft) else super().encode_default(dft)


def json_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model. Raises `UnsupportedType` for a field that has none."""
    try:
        return model.model_json_schema(schema_generator=_Ordered)
    except (PydanticInvalidForJsonSchema, PydanticUserError, PydanticSerializationError) as error:
        reason = str(error).partition("\n")[0]
        raise UnsupportedType(
            f"`{model.__qualname__}` has a field that JSON has no form for ({reason}); use a type that pydantic can"
            " write, a FlyteFile, or a StructuredDataset for a data frame"
        ) from error


def _holds_set(value: object) -> bool:
    if isinstance(value, (set, frozenset)):
        return True
    if isinstance(value, dict):
        return any(map(_holds_set, cast("dict[object, object]", value).values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_set, cast("list[object]", value)))
