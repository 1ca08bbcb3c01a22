"""How FlyteFile, FlyteDirectory and StructuredDataset stand in pydantic models.

Loaded by pydantic itself, when a model with such a field is defined. A file that is read belongs to the store of the
conversion that is under way (`file.open_store`); how it is written is for `pydantic_values`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic_core import core_schema

from alula.sdk.types.directory import FlyteDirectory
from alula.sdk.types.file import FlyteFile, open_store
from alula.sdk.types.structured_dataset import StructuredDataset


def file_schema() -> core_schema.CoreSchema:
    """`{"path": uri}`; also takes a path."""
    return _schema(FlyteFile, _file_of)


def directory_schema() -> core_schema.CoreSchema:
    """`{"path": uri}`; also takes a path."""
    return _schema(FlyteDirectory, _directory_of)


def dataset_schema() -> core_schema.CoreSchema:
    """`{"uri": uri, "file_format": format}`; also takes a data frame."""
    return _schema(StructuredDataset, _dataset_of)


def _schema(type_: type, validate: Callable[[Any], object]) -> core_schema.CoreSchema:
    return core_schema.no_info_plain_validator_function(
        validate,
        json_schema_input_schema=core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
        serialization=core_schema.plain_serializer_function_ser_schema(_shown, when_used="json"),
        metadata={"alula_type": type_.__name__},
    )


def _shown(value: Any) -> object:
    if isinstance(value, StructuredDataset):
        return {"uri": value.uri, "file_format": value.file_format}
    return {"path": value.remote_source or value.path}


def _field(value: object, name: str) -> str | None:
    """The text under `name` in a JSON object."""
    found = cast("dict[object, object]", value).get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _file_of(value: object) -> FlyteFile[Any]:
    if isinstance(value, FlyteFile):
        return cast("FlyteFile[Any]", value)
    store, path = open_store.get(), _field(value, "path")
    if path is not None:
        return FlyteFile.of_stored(path, store) if store else FlyteFile(path)
    if isinstance(value, str):
        return FlyteFile(value)
    raise ValueError("expected a FlyteFile or a path")


def _directory_of(value: object) -> FlyteDirectory[Any]:
    if isinstance(value, FlyteDirectory):
        return cast("FlyteDirectory[Any]", value)
    store, path = open_store.get(), _field(value, "path")
    if path is not None:
        return FlyteDirectory.of_stored(path, store) if store else FlyteDirectory(path)
    if isinstance(value, str):
        return FlyteDirectory(value)
    raise ValueError("expected a FlyteDirectory or a path")


def _dataset_of(value: object) -> StructuredDataset:
    if isinstance(value, StructuredDataset):
        return value
    uri = _field(value, "uri")
    if uri is not None:
        return StructuredDataset.of_stored(uri, _field(value, "file_format") or "", open_store.get())
    return StructuredDataset(dataframe=value)
