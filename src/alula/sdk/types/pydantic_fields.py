"""FlyteFile, FlyteDirectory and StructuredDataset as fields of pydantic models.

Loaded by pydantic itself, when a model with such a field is defined; the class passes itself. A file that is read
belongs to the store of the conversion that is under way (`store.open_store`). `pydantic_values` writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from pydantic_core import core_schema

from alula.sdk.store import Store, open_store


class PathType(Protocol):
    """The class FlyteFile or FlyteDirectory."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, path: str, /) -> object: ...

    def of_stored(self, uri: str, store: Store, /) -> object: ...


class DatasetType(Protocol):
    """The class StructuredDataset."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, dataframe: object, /) -> object: ...

    def of_stored(self, uri: str, file_format: str, store: Store | None, /) -> object: ...


def path_schema(type_: PathType) -> core_schema.CoreSchema:
    """`{"path": uri}`; also takes a path."""

    def read(value: object) -> object:
        if isinstance(value, cast("type", type_)):
            return value
        store, path = open_store.get(), _field(value, "path")
        if path is not None:
            return type_.of_stored(path, store) if store else type_(path)
        if isinstance(value, str):
            return type_(value)
        raise ValueError(f"expected a {type_.__name__} or a path")

    return _schema(type_.__name__, read, lambda value: {"path": value.remote_source or value.path})


def dataset_schema(type_: DatasetType) -> core_schema.CoreSchema:
    """`{"uri": uri, "file_format": format}`; also takes a data frame."""

    def read(value: object) -> object:
        if isinstance(value, cast("type", type_)):
            return value
        uri = _field(value, "uri")
        if uri is not None:
            return type_.of_stored(uri, _field(value, "file_format") or "", open_store.get())
        return type_(value)

    return _schema(type_.__name__, read, lambda value: {"uri": value.uri, "file_format": value.file_format})


def _schema(name: str, read: Callable[[Any], object], write: Callable[[Any], object]) -> core_schema.CoreSchema:
    return core_schema.no_info_plain_validator_function(
        read,
        json_schema_input_schema=core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema()),
        serialization=core_schema.plain_serializer_function_ser_schema(write, when_used="json"),
        metadata={"alula_type": name},
    )


def _field(value: object, name: str) -> str | None:
    """The text under `name` in a JSON object."""
    found = cast("dict[object, object]", value).get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
