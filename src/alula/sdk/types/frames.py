"""pandas DataFrames, pyarrow Tables and StructuredDataset: parquet (or CSV) files in a folder.

A library is recognised by the name of the class and imported only here, when a value of it is converted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar, cast

from flyteidl.core import literals_pb2
from flyteidl.core.types_pb2 import LiteralType, StructuredDatasetType

from alula.sdk.types.file import default_store
from alula.sdk.types.store import Store
from alula.sdk.types.structured_dataset import CSV, PARQUET, StructuredDataset
from alula.sdk.types.transformer import (
    CONVERTS,
    EXACT,
    NO,
    Schema,
    Transformer,
    TypeMismatch,
    describe,
    describe_literal,
)

Frame = TypeVar("Frame")
Library = Literal["pandas", "pyarrow"]


def library_of(type_: object) -> Library | None:
    """Which library's data frame a class is, without importing it."""
    if not isinstance(type_, type):
        return None
    root = type_.__module__.partition(".")[0]
    if root == "pandas" and type_.__name__ == "DataFrame":
        return "pandas"
    return "pyarrow" if root == "pyarrow" and type_.__name__ == "Table" else None


class FrameTransformer:
    """One kind of data frame; with no library, `StructuredDataset`."""

    tag = "StructuredDataset Transformer"

    def __init__(
        self,
        library: Library | None,
        shown: str,
        columns: Mapping[str, Transformer] | None = None,
        file_format: str = "",
    ) -> None:
        self._library = library
        self._columns = dict(columns or {})
        self._format = file_format
        self.shown = shown

    def _type(self, file_format: str) -> StructuredDatasetType:
        columns = [
            StructuredDatasetType.DatasetColumn(name=name, literal_type=transformer.literal_type())
            for name, transformer in self._columns.items()
        ]
        return StructuredDatasetType(columns=columns, format=file_format)

    def literal_type(self) -> LiteralType:
        return LiteralType(structured_dataset_type=self._type(self._format))

    def schema(self) -> Schema:
        optional_text = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
        return {
            "type": "object",
            "title": "StructuredDataset",
            "properties": {"uri": optional_text, "file_format": {**optional_text, "default": PARQUET}},
            "additionalProperties": False,
        }

    def fit(self, value: object) -> int:
        if isinstance(value, StructuredDataset):
            return EXACT if self._library is None else CONVERTS
        library = library_of(type(value))
        if library is None:
            return NO
        return EXACT if library == self._library else CONVERTS if self._library is None else NO

    def fit_plain(self, plain: object) -> int:
        if isinstance(plain, dict):
            fields = cast("dict[object, object]", plain)
            if not isinstance(fields.get("uri"), str):
                return NO
            return EXACT if fields.keys() <= {"uri", "file_format"} else CONVERTS
        return CONVERTS if isinstance(plain, str) else NO

    def coerce(self, value: object) -> object:
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe_frame(value))
        if self._library is None:
            return value if isinstance(value, StructuredDataset) else StructuredDataset(dataframe=value)
        if isinstance(value, StructuredDataset):
            return read_frame(value, self._library, None, tuple(self._columns) or None)
        return value

    def _stored(self, value: object, store: Store) -> tuple[str, str]:
        """URI and format of a value, written if it is only in memory."""
        if self.fit(value) == NO:
            raise TypeMismatch(self.shown, describe_frame(value))
        dataset = value if isinstance(value, StructuredDataset) else StructuredDataset(dataframe=value)
        file_format = dataset.file_format or self._format or PARQUET
        if dataset.dataframe is None:
            if dataset.uri is None:
                raise TypeMismatch(self.shown, "a StructuredDataset with neither a data frame nor a URI")
            return dataset.uri, file_format
        self._check_columns(dataset.dataframe)
        with store.new_folder(to=dataset.uri) as (folder, uri):
            _writer(dataset.dataframe, file_format)(dataset.dataframe, folder)
        return uri, file_format

    def _check_columns(self, frame: Any) -> None:  # Any: of whichever library
        _check_names(self._columns, _column_names(frame), self.shown)

    def _value(self, uri: str, file_format: str, store: Store, columns: tuple[str, ...] | None) -> object:
        dataset = StructuredDataset.of_stored(uri, file_format or PARQUET, store, columns)
        return dataset if self._library is None else read_frame(dataset, self._library, store, columns)

    def to_literal(self, value: object, store: Store) -> literals_pb2.Literal:
        uri, file_format = self._stored(value, store)
        stored = literals_pb2.StructuredDataset(
            uri=uri,
            metadata=literals_pb2.StructuredDatasetMetadata(structured_dataset_type=self._type(file_format)),
        )
        return literals_pb2.Literal(scalar=literals_pb2.Scalar(structured_dataset=stored))

    def to_python(self, literal: literals_pb2.Literal, store: Store) -> object:
        if not literal.scalar.HasField("structured_dataset"):
            raise TypeMismatch(self.shown, describe_literal(literal))
        stored = literal.scalar.structured_dataset
        type_ = stored.metadata.structured_dataset_type
        names = tuple(self._columns) or tuple(column.name for column in type_.columns) or None
        return self._value(stored.uri, type_.format, store, names)

    def to_plain(self, value: object, store: Store) -> object:
        uri, file_format = self._stored(value, store)
        return {"uri": uri, "file_format": file_format}

    def from_plain(self, plain: object, store: Store) -> object:
        fields = cast("dict[object, object]", plain) if isinstance(plain, dict) else {"uri": plain}
        uri, file_format = fields.get("uri"), fields.get("file_format") or PARQUET
        if not isinstance(uri, str) or not isinstance(file_format, str):
            raise TypeMismatch(self.shown, describe(cast("object", plain)))
        return self._value(uri, file_format, store, tuple(self._columns) or None)


def _column_names(frame: Any) -> list[object]:  # Any: of whichever library
    return list(frame.column_names if library_of(frame.__class__) == "pyarrow" else frame.columns)


def _check_names(wanted: Iterable[str], names: list[object], shown: str) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise TypeMismatch(
            f"{shown} with column {', '.join(map(repr, missing))}", f"columns {', '.join(map(repr, names))}"
        )


def describe_frame(value: object) -> str:
    """A value for an error message; a data frame without its contents."""
    library = library_of(type(value))
    return f"a {library} {type(value).__name__}" if library else describe(value)


def read_frame(
    dataset: StructuredDataset,
    wanted: type[Frame] | str,
    store: Store | None,
    columns: tuple[str, ...] | None,
) -> Frame:
    """A stored data frame in the wanted library. Raises `TypeMismatch` for a library or format that isn't known."""
    library = cast("Library", wanted) if isinstance(wanted, str) else library_of(wanted)
    held = dataset.dataframe
    if held is not None and library_of(type(held)) == library:
        return cast("Frame", held)
    if dataset.uri is None:
        raise TypeMismatch(f"a StructuredDataset of {library or wanted}", describe_frame(held))
    file_format = dataset.file_format or PARQUET
    reader = _READERS.get((library, file_format))
    if reader is None:
        raise TypeMismatch("pandas.DataFrame or pyarrow.Table", f"{wanted!r} for format {file_format!r}")
    stored = dataset._store  # pyright: ignore[reportPrivateUsage]  # the other half of the same type
    path = (store or stored or default_store()).readable(dataset.uri)
    try:
        return cast("Frame", reader(path, list(columns) if columns else None))
    except (ValueError, KeyError) as error:
        _check_names(columns or (), _column_names(reader(path, None)), library or str(wanted))
        raise TypeMismatch(f"a {library} data frame as {file_format}", f"{dataset.uri}: {error}") from error


def _writer(frame: object, file_format: str) -> Callable[[Any, str], None]:
    writer = _WRITERS.get((library_of(type(frame)), file_format))
    if writer is None:
        raise TypeMismatch(
            "a pandas.DataFrame or pyarrow.Table as parquet, or a DataFrame as csv",
            f"{describe_frame(frame)} as {file_format}",
        )
    return writer


def _pandas_to_parquet(frame: Any, folder: str) -> None:
    path = os.path.join(folder, "00000")
    frame.to_parquet(path, coerce_timestamps="us", allow_truncated_timestamps=False)


def _pandas_to_csv(frame: Any, folder: str) -> None:
    frame.to_csv(os.path.join(folder, ".csv"), index=False)


def _arrow_to_parquet(table: Any, folder: str) -> None:
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    parquet.write_table(table, os.path.join(folder, "00000"))


def _parquet_to_pandas(path: str, columns: list[str] | None) -> object:
    import pandas as pd  # lazy: only where data frames are used

    return cast("object", pd.read_parquet(path, columns=columns))


def _csv_to_pandas(path: str, columns: list[str] | None) -> object:
    import pandas as pd  # lazy: only where data frames are used

    file = os.path.join(path, ".csv") if os.path.isdir(path) else path
    return cast("object", pd.read_csv(file, usecols=columns))


def _parquet_to_arrow(path: str, columns: list[str] | None) -> object:
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    return cast("object", parquet.read_table(path, columns=columns))


_WRITERS: dict[tuple[Library | None, str], Callable[[Any, str], None]] = {
    ("pandas", PARQUET): _pandas_to_parquet,
    ("pandas", CSV): _pandas_to_csv,
    ("pyarrow", PARQUET): _arrow_to_parquet,
}
_READERS: dict[tuple[Library | None, str], Callable[[str, list[str] | None], object]] = {
    ("pandas", PARQUET): _parquet_to_pandas,
    ("pandas", CSV): _csv_to_pandas,
    ("pyarrow", PARQUET): _parquet_to_arrow,
}
