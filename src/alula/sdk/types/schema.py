"""`FlyteSchema`: flytekit's older data frame. On the wire it is a structured dataset, as `StructuredDataset` is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.mistake import caller, mistake
from alula.sdk.types.structured_dataset import StructuredDataset


class FlyteSchema(StructuredDataset):
    """A data frame that is written and read through `open()`; `FlyteSchema[kwtypes(a=int)]` names its columns.

    ```python
    @task
    def rows() -> FlyteSchema:
        schema = FlyteSchema()
        schema.open().write(pd.DataFrame({"a": [1]}))
        return schema
    ```
    """

    def __init__(
        self, dataframe: object = None, *, uri: str | None = None, file_format: str = "", remote_path: str | None = None
    ) -> None:
        """As of `StructuredDataset`; `remote_path` is flytekit's name of the URI."""
        if uri is not None and remote_path is not None:
            raise mistake("InvalidSetting", "`FlyteSchema` takes one of `uri` and `remote_path`", at=caller())
        super().__init__(dataframe, uri=remote_path if uri is None else uri, file_format=file_format)

    @property
    def remote_path(self) -> str | None:
        """The URI where it is stored, or is to be."""
        return self.uri

    def __class_getitem__(cls, columns: Mapping[str, object]) -> Any:  # Any: a type
        return Annotated[cls, dict(columns)]

    def open(self, dataframe_type: type[Any] | None = None) -> OpenSchema:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # it also writes
        """The rows, to be read or written; as a `pandas.DataFrame` if no type is named."""
        return OpenSchema(self, dataframe_type)


class OpenSchema:
    """The rows of a `FlyteSchema`."""

    def __init__(self, schema: FlyteSchema, dataframe_type: type[Any] | None) -> None:
        self._schema = schema
        self._type = dataframe_type

    def write(self, *frames: Any) -> None:  # Any: of whichever library
        """Add the rows of data frames."""
        held = self._schema.dataframe
        rows = [*([held] if held is not None else []), *frames]
        self._schema.dataframe = rows[0] if len(rows) == 1 else _joined(rows)

    def all(self) -> Any:
        """All rows as one data frame."""
        return super(FlyteSchema, self._schema).open(self._wanted()).all()

    def iter(self) -> Iterator[Any]:
        """The rows of each stored file as a data frame."""
        return super(FlyteSchema, self._schema).open(self._wanted()).iter()

    def _wanted(self) -> type[Any]:
        if self._type is None:
            import pandas  # lazy: the rows are wanted as its data frame

            self._type = pandas.DataFrame
        return self._type


_WRITTEN = "write the rows by `open().write(...)`: they are stored when the task returns"
_MODE = "leave it out: what has a URI is read, and what `open().write(...)` was given is written"
lacks_keywords(
    FlyteSchema,
    {
        "local_path": _WRITTEN,
        "supported_mode": _MODE,
        "downloader": "leave it out: the content is fetched when it is first used",
    },
)
lacks_keywords(FlyteSchema, {"dataframe_fmt": "write `open(pandas.DataFrame)`", "override_mode": _MODE}, of="open")
lacks_members(
    FlyteSchema,
    {
        "local_path": _WRITTEN,
        "supported_mode": _MODE,
        "as_readonly": "leave it out: what is stored is never changed",
        "format": "take `file_format`",
    },
)


def _joined(frames: list[Any]) -> object:
    import pandas  # lazy: only where rows are added

    return pandas.concat(frames, ignore_index=True)
