"""pandas DataFrames and pyarrow Tables as parquet (or CSV) files in a folder.

A library is recognised by the name of the class and imported only here, when a value of it is converted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Literal, cast

from alula.sdk.store import Store
from alula.sdk.types.transformer import TypeMismatch, describe

PARQUET = "parquet"
CSV = "csv"
Library = Literal["pandas", "pyarrow"]


def library_of(type_: object) -> Library | None:
    """Which library's data frame a class is, without importing it."""
    if not isinstance(type_, type):
        return None
    root = type_.__module__.partition(".")[0]
    if root == "pandas" and type_.__name__ == "DataFrame":
        return "pandas"
    return "pyarrow" if root == "pyarrow" and type_.__name__ == "Table" else None


def _column_names(frame: Any) -> list[object]:  # Any: of whichever library
    return list(frame.column_names if library_of(frame.__class__) == "pyarrow" else frame.columns)


def check_columns(wanted: Iterable[str], frame: Any, shown: str) -> None:  # Any: of whichever library
    """Raise `TypeMismatch` if a data frame lacks a column."""
    names = _column_names(frame)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise TypeMismatch(
            f"{shown} with column {', '.join(map(repr, missing))}", f"columns {', '.join(map(repr, names))}"
        )


def describe_frame(value: object) -> str:
    """A value for an error message; a data frame without its contents."""
    library = library_of(type(value))
    return f"a {library} {type(value).__name__}" if library else describe(value)


def read_frame(store: Store, uri: str, file_format: str, wanted: type | str, columns: tuple[str, ...] | None) -> object:
    """The data frame at a URI, in the wanted library.

    Raises `TypeMismatch` for a library or format that isn't known, and for files that don't have it.
    """
    library = library_named(wanted)
    reader = _READERS.get((library, file_format))
    if reader is None:
        raise TypeMismatch("pandas.DataFrame or pyarrow.Table", f"{wanted!r} for format {file_format!r}")
    path = store.readable(uri)
    try:
        return reader(path, list(columns) if columns else None)
    except (ValueError, KeyError) as error:
        problem = error
    check_columns(columns or (), reader(path, None), f"a {library} data frame")
    raise TypeMismatch(f"a {library} data frame as {file_format}", f"{uri}: {problem}") from problem


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
    writer(frame, folder)


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
