"""`StructuredDataset`: a data frame of any library that goes from task to task. The wire form is `frames`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.mistake import caller, mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alula.sdk.store import Store
    from alula.sdk.types.column_types import Columns
    from alula.sdk.types.frame_library import FrameLibrary

Frame = TypeVar("Frame")
StructuredDatasetFormat: TypeAlias = str
"""The name of a format, as `Annotated[StructuredDataset, "csv"]` has it."""


class StructuredDataset:
    """A data frame, in memory or stored.

    ```python
    @task
    def clean(rows: StructuredDataset) -> StructuredDataset:
        frame = rows.open(pd.DataFrame).all()
        return StructuredDataset(dataframe=frame.dropna())
    ```
    """

    def __init__(self, dataframe: object = None, *, uri: str | None = None, file_format: str = "") -> None:
        """`uri` alone names a stored data frame; beside a `dataframe`, where to store it."""
        self.dataframe = dataframe
        self.uri = uri
        self.file_format = file_format
        self._store: Store | None = None
        self._columns: Columns = {}
        self._read_as: type | None = None

    @classmethod
    def of_stored(
        cls, uri: str, file_format: str, store: Store | None, columns: Columns | None = None
    ) -> StructuredDataset:
        """The data frame at a URI of the platform's store; `columns` are those that may be seen, all without any."""
        dataset = cls(uri=uri, file_format=file_format)
        dataset._store = store
        dataset._columns = columns or {}
        return dataset

    def open(self, dataframe_type: type[Frame]) -> _Opened[Frame]:
        """Choose the library to read it with: `open(pandas.DataFrame).all()`."""
        self._read_as = dataframe_type
        return _Opened(self, dataframe_type, self._store, self._columns)

    def all(self) -> Any:  # Any: of the library that it is read with, which is chosen before
        """The whole data frame: the one in memory, or what the last `open` gives. Raises `InvalidInput` for neither."""
        return self.open(self._chosen()).all()

    def iter(self) -> Iterator[Any]:  # Any: as above
        """The same file by file."""
        return self.open(self._chosen()).iter()

    def _chosen(self) -> type[Any]:
        chosen = self._read_as or (type(self.dataframe) if self.dataframe is not None else None)
        if chosen is None:
            what = f"no library is chosen to read {self!r} with"
            raise mistake("NotOpened", what, at=caller(), fix="write `open(pandas.DataFrame).all()`")
        return chosen

    def read(self, library: FrameLibrary, store: Store | None, columns: Columns) -> object:
        """The data frame in the wanted library. Raises `TypeMismatch`."""
        from alula.sdk.types import frame_files  # lazy: declaring needs no protobuf

        if self.dataframe is not None and frame_files.library_of(type(self.dataframe)) is library:
            return self.dataframe
        return frame_files.read_frame(*self._stored(library, store), library, columns)

    def read_parts(self, library: FrameLibrary, store: Store | None, columns: Columns) -> Iterator[object]:
        """The same, a data frame for each file. Raises `TypeMismatch`."""
        from alula.sdk.types import frame_files  # lazy: as above

        if self.dataframe is not None and frame_files.library_of(type(self.dataframe)) is library:
            return iter([self.dataframe])
        return frame_files.read_parts(*self._stored(library, store), library, columns)

    def _stored(self, library: FrameLibrary, store: Store | None) -> tuple[Store, str, str]:
        from alula.sdk.types import frame_files  # lazy: as above
        from alula.sdk.types.file import default_store  # lazy: as above
        from alula.sdk.types.transformer import TypeMismatch  # lazy: as above

        if self.uri is None:
            raise TypeMismatch(f"a StructuredDataset of {library.name}", frame_files.describe_frame(self.dataframe))
        return store or self._store or default_store(), self.uri, self.file_format or frame_files.PARQUET

    def __repr__(self) -> str:
        return f"StructuredDataset({self.uri!r})" if self.dataframe is None else "StructuredDataset(<in memory>)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from alula.sdk.types.pydantic_fields import dataset_schema  # lazy: pydantic calls this, so it is loaded

        return dataset_schema(StructuredDataset)


class _Opened(Generic[Frame]):
    def __init__(self, dataset: StructuredDataset, type_: type[Frame], store: Store | None, columns: Columns) -> None:
        self._dataset = dataset
        self._type = type_
        self._store = store
        self._columns = columns

    def all(self) -> Frame:
        """The whole data frame."""
        held: Any = self._dataset.dataframe  # Any: of whichever library made it
        if isinstance(held, self._type):
            return held
        return cast("Frame", self._dataset.read(_library(self._type), self._store, self._columns))

    def iter(self) -> Iterator[Frame]:
        """The rows of each stored file as a data frame, so that one of them is in memory at a time."""
        held: Any = self._dataset.dataframe  # Any: as above
        if isinstance(held, self._type):
            return iter([held])
        parts = self._dataset.read_parts(_library(self._type), self._store, self._columns)
        return cast("Iterator[Frame]", parts)


def _library(type_: type) -> FrameLibrary:
    from alula.sdk.types.frame_files import opened  # lazy: declaring needs no protobuf

    return opened(type_)


_COLUMNS = "columns are those of the type: `Annotated[StructuredDataset, kwtypes(age=int)]`"
lacks_keywords(StructuredDataset, {"metadata": _COLUMNS})
lacks_members(
    StructuredDataset,
    {
        **dict.fromkeys(("metadata", "columns", "column_names"), _COLUMNS),
        **dict.fromkeys(("literal", "set_literal", "to_dict"), "take `uri` and `file_format`"),
    },
)
