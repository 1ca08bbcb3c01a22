"""`StructuredDataset`: a data frame of any library that goes from task to task. The wire form is `frames`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alula.sdk.types.store import Store

Frame = TypeVar("Frame")

PARQUET = "parquet"
CSV = "csv"


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
        self._columns: tuple[str, ...] | None = None

    @classmethod
    def of_stored(
        cls, uri: str, file_format: str, store: Store | None, columns: Sequence[str] | None = None
    ) -> StructuredDataset:
        """The data frame at a URI of the platform's store; `columns` are those that may be seen, None for all."""
        dataset = cls(uri=uri, file_format=file_format)
        dataset._store = store
        dataset._columns = tuple(columns) if columns is not None else None
        return dataset

    def open(self, dataframe_type: type[Frame]) -> _Opened[Frame]:
        """Choose the library to read it with: `open(pandas.DataFrame).all()`."""
        return _Opened(self, dataframe_type, self._store, self._columns)

    def __repr__(self) -> str:
        return f"StructuredDataset({self.uri!r})" if self.dataframe is None else "StructuredDataset(<in memory>)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        from alula.sdk.types.pydantic_fields import dataset_schema  # lazy: pydantic calls this, so it is loaded

        return dataset_schema()


class _Opened(Generic[Frame]):
    def __init__(
        self, dataset: StructuredDataset, type_: type[Frame], store: Store | None, columns: tuple[str, ...] | None
    ) -> None:
        self._dataset = dataset
        self._type = type_
        self._store = store
        self._columns = columns

    def all(self) -> Frame:
        """The whole data frame."""
        from alula.sdk.types.frames import read_frame  # lazy: loads the data frame library

        held: Any = self._dataset.dataframe  # Any: of whichever library made it
        if isinstance(held, self._type):
            return held
        return read_frame(self._dataset, self._type, self._store, self._columns)
