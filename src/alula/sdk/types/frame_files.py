"""pandas DataFrames and pyarrow Tables as parquet (or CSV) files in a folder.

A library is recognised by the name of the class and imported only here, when a value of it is converted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, cast

from flyteidl.core.types_pb2 import SimpleType

from alula.sdk.store import Store
from alula.sdk.types.column_types import ArrowType, Columns, Unfit, check_names, check_types
from alula.sdk.types.transformer import TypeMismatch, describe

PARQUET = "parquet"
CSV = "csv"
Library = Literal["pandas", "pyarrow"]


def library_of(type_: object) -> Library | None:
    """The library whose data frame a class is, found without importing it; None for any other class."""
    if not isinstance(type_, type):
        return None
    root = type_.__module__.partition(".")[0]
    if root == "pandas" and type_.__name__ == "DataFrame":
        return "pandas"
    return "pyarrow" if root == "pyarrow" and type_.__name__ == "Table" else None


def _column_names(frame: Any) -> list[object]:  # Any: of whichever library
    return list(frame.column_names if library_of(frame.__class__) == "pyarrow" else frame.columns)


def check_frame(declared: Columns, frame: Any, shown: str) -> None:  # Any: of whichever library
    """Raise `TypeMismatch` if a data frame lacks a declared column, or has another type in it."""
    check_names(declared, _column_names(frame), shown)
    if len(frame):
        check_types(declared, _arrow_types(frame, declared), shown)


def _arrow_types(frame: Any, names: Iterable[object]) -> dict[Any, ArrowType]:  # Any: of whichever library
    """The types of columns that a data frame has."""
    if library_of(frame.__class__) == "pyarrow":
        return {name: frame.schema.field(name).type for name in names}
    return {name: _arrow_type(frame[[name]]) for name in names}


def _arrow_type(column: Any) -> ArrowType:  # Any: a pandas.DataFrame with one column
    import pyarrow  # lazy: only where data frames are used

    arrow: Any = pyarrow  # Any: pyarrow has no types
    try:
        return arrow.Schema.from_pandas(column, preserve_index=False).field(0).type
    except (ValueError, TypeError, OverflowError, NotImplementedError):
        kinds = sorted({type(value).__qualname__ for value in column.iloc[:, 0]})
        return Unfit(f"{column.dtypes.iloc[0]} ({', '.join(kinds)})")


def describe_frame(value: object) -> str:
    """A value for an error message; a data frame without its contents."""
    library = library_of(type(value))
    return f"a {library} {type(value).__name__}" if library else describe(value)


def read_frame(store: Store, uri: str, file_format: str, wanted: type | str, columns: Columns) -> object:
    """The data frame at a URI, in the wanted library: these columns, or all without any.

    Raises `TypeMismatch` for a library or format that isn't known, and for files that don't have it or have a column of
    another type.
    """
    library = library_named(wanted)
    reader = _READERS.get((library, file_format))
    if reader is None:
        raise TypeMismatch("pandas.DataFrame or pyarrow.Table", f"{wanted!r} for format {file_format!r}")
    source, shown = _source(store, uri, file_format), f"a {library} data frame"
    try:
        return reader(source, columns, shown)
    except (ValueError, KeyError) as error:
        raise TypeMismatch(f"{shown} as {file_format}", f"{uri}: {error}") from error


class Source(NamedTuple):
    """The place of stored files."""

    path: str
    files: Any = None
    """A file system of Arrow in which the path is; None for that of this machine."""


def _source(store: Store, uri: str, file_format: str) -> Source:
    """A file or folder of this machine. For parquet the objects: Arrow reads no more of them than it needs."""
    parts = store.parts(uri) if file_format == PARQUET else None
    if parts is None:
        return Source(store.readable(uri))
    from alula.sdk.types.arrow_files import file_system  # lazy: it imports pyarrow

    return Source(uri.rstrip("/"), file_system(parts))


def library_named(wanted: type | str) -> Library | None:
    """The library of a class, or of its own name."""
    return cast("Library", wanted) if isinstance(wanted, str) else library_of(wanted)


def write_frame(frame: object, file_format: str, folder: str) -> None:
    """Write a data frame into a folder. Raises `TypeMismatch` for a library or format that isn't known."""
    writer = _WRITERS.get((library_of(type(frame)), file_format))
    if writer is None:
        raise TypeMismatch(
            "a pandas.DataFrame or pyarrow.Table as parquet, or a DataFrame as csv",
            f"{describe_frame(frame)} as {file_format}",
        )
    try:
        writer(frame, folder)
    except (ValueError, TypeError, OverflowError, NotImplementedError) as error:
        types = _arrow_types(frame, _column_names(frame))
        unfit = [f"column {name!r} of {type_}" for name, type_ in types.items() if isinstance(type_, Unfit)]
        raise TypeMismatch(f"a data frame that {file_format} can hold", ", ".join(unfit) or str(error)) from error


def _pandas_to_parquet(frame: Any, folder: str) -> None:
    path = os.path.join(folder, "00000")
    frame.to_parquet(path, coerce_timestamps="us", allow_truncated_timestamps=False)


def _pandas_to_csv(frame: Any, folder: str) -> None:
    frame.to_csv(os.path.join(folder, ".csv"), index=False)


def _arrow_to_parquet(table: Any, folder: str) -> None:
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    parquet.write_table(table, os.path.join(folder, "00000"))


def _parquet_to_pandas(source: Source, columns: Columns, shown: str) -> object:
    import pandas as pd  # lazy: only where data frames are used

    _check_parquet(source, columns, shown)  # pandas has no integers beside missing values
    return cast("object", pd.read_parquet(source.path, filesystem=source.files, columns=list(columns) or None))


def _csv_to_pandas(source: Source, columns: Columns, shown: str) -> object:
    """CSV has texts only: a declared text stays one, a declared time is read as one, all else is what it looks like."""
    import pandas as pd  # lazy: only where data frames are used

    path = source.path
    file = os.path.join(path, ".csv") if os.path.isdir(path) else path
    if not columns:
        return cast("object", pd.read_csv(file))
    check_names(columns, list(pd.read_csv(file, nrows=0).columns), shown)
    kinds = {name: column.type.simple for name, column in columns.items()}
    frame: Any = pd.read_csv(  # Any: pandas has many forms of this call
        file,
        usecols=list(columns),
        dtype={name: "str" for name, kind in kinds.items() if kind == SimpleType.STRING},
        parse_dates=[name for name, kind in kinds.items() if kind == SimpleType.DATETIME],
    )
    check_frame(columns, frame, shown)
    return cast("object", frame)


def _parquet_to_arrow(source: Source, columns: Columns, shown: str) -> object:
    import pyarrow.parquet  # lazy: only where data frames are used

    _check_parquet(source, columns, shown)
    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    return cast("object", parquet.read_table(source.path, filesystem=source.files, columns=list(columns) or None))


def _check_parquet(source: Source, columns: Columns, shown: str) -> None:
    if not columns:
        return
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    stored = parquet.ParquetDataset(source.path, filesystem=source.files)
    check_names(columns, stored.schema.names, shown)
    if any(file.count_rows() for file in stored.fragments):
        check_types(columns, {field.name: field.type for field in stored.schema}, shown)


_WRITERS: dict[tuple[Library | None, str], Callable[[Any, str], None]] = {
    ("pandas", PARQUET): _pandas_to_parquet,
    ("pandas", CSV): _pandas_to_csv,
    ("pyarrow", PARQUET): _arrow_to_parquet,
}
_READERS: dict[tuple[Library | None, str], Callable[[Source, Columns, str], object]] = {
    ("pandas", PARQUET): _parquet_to_pandas,
    ("pandas", CSV): _csv_to_pandas,
    ("pyarrow", PARQUET): _parquet_to_arrow,
}
