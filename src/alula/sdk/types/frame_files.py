"""Data frames as files in a folder: what is written is checked before, what is read against what was declared.

Each library has an adapter of `frame_library`, which is loaded when a value of it is converted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from alula.sdk.store import Store
from alula.sdk.types.column_types import Columns, Unfit, check_names, check_types, holder
from alula.sdk.types.frame_library import FrameLibrary, library_of
from alula.sdk.types.frame_source import PARQUET, Source
from alula.sdk.types.transformer import TypeMismatch, describe


def check_frame(declared: Columns, frame: Any, shown: str) -> None:  # Any: of whichever library
    """Raise `TypeMismatch` if a data frame lacks a declared column, or has another type in it."""
    library = library_of(frame.__class__)
    if library is None or not declared:
        return
    names = library.columns(frame)
    check_names(declared, names, shown)
    check_types(declared, library.arrow_types(frame, {holder(name, names): None for name in declared}), shown)


def describe_frame(value: object) -> str:
    """A value for an error message; a data frame without its contents."""
    library = library_of(type(value))
    return f"a {library.name} {type(value).__name__}" if library else describe(value)


def opened(type_: type) -> FrameLibrary:
    """The library of a class that somebody wants to read. Raises `TypeMismatch`."""
    library = library_of(type_)
    if library is None:
        raise TypeMismatch("pandas.DataFrame, pyarrow.Table or a class that an installed package adds", repr(type_))
    return library


def read_frame(store: Store, uri: str, file_format: str, library: FrameLibrary, columns: Columns) -> object:
    """The data frame at a URI, in the wanted library: these columns, or all without any.

    Raises `TypeMismatch` for a format that the library doesn't know, and for files that don't have it or have a column
    of another type.
    """
    _check_format(library, file_format)
    return _read(_source(store, uri, file_format), uri, file_format, library, columns)


def read_parts(store: Store, uri: str, file_format: str, library: FrameLibrary, columns: Columns) -> Iterator[object]:
    """The same, a data frame for each file of parquet, so that one of them is in memory at a time."""
    _check_format(library, file_format)
    source = _source(store, uri, file_format)
    if file_format != PARQUET:
        yield _read(source, uri, file_format, library, columns)
        return
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    for path in parquet.ParquetDataset(source.path, filesystem=source.files).files:
        yield _read(Source(path, source.files), uri, file_format, library, columns)


def _check_format(library: FrameLibrary, file_format: str) -> None:
    if file_format not in library.formats:
        raise TypeMismatch(f"a {library.name} data frame as {' or '.join(library.formats)}", f"format {file_format!r}")


def _read(source: Source, uri: str, file_format: str, library: FrameLibrary, columns: Columns) -> object:
    shown = f"a {library.name} data frame"
    try:
        if file_format == PARQUET:
            _check_parquet(source, columns, shown)  # pandas has no integers beside missing values
            return library.read(source, file_format, columns)
        frame = library.read(source, file_format, columns)
        check_frame(columns, frame, shown)
    except (ValueError, KeyError) as error:
        raise TypeMismatch(f"{shown} as {file_format}", f"{uri}: {error}") from error
    return frame


def _source(store: Store, uri: str, file_format: str) -> Source:
    """A file or folder of this machine. For parquet the objects: Arrow reads no more of them than it needs."""
    parts = store.parts(uri) if file_format == PARQUET else None
    if parts is None:
        return Source(store.readable(uri))
    from alula.sdk.types.arrow_files import file_system  # lazy: it imports pyarrow

    return Source(uri.rstrip("/"), file_system(parts))


def _check_parquet(source: Source, columns: Columns, shown: str) -> None:
    if not columns:
        return
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    stored = parquet.ParquetDataset(source.path, filesystem=source.files)
    check_names(columns, stored.schema.names, shown)
    if any(file.count_rows() for file in stored.fragments):
        check_types(columns, {field.name: field.type for field in stored.schema}, shown)


def write_frame(frame: object, file_format: str, folder: str) -> None:
    """Write a data frame into a folder. Raises `TypeMismatch` for a library or format that isn't known."""
    library = library_of(type(frame))
    if library is None or file_format not in library.formats:
        raise TypeMismatch(
            f"a {library.name} data frame as {' or '.join(library.formats)}" if library else "a data frame",
            f"{describe_frame(frame)} as {file_format}",
        )
    wanted = f"a data frame that {file_format} can hold"
    if file_format == PARQUET and (twice := _twice(library.columns(frame))):
        raise TypeMismatch(wanted, f"more than one column {twice}")  # Arrow writes such a table, and nothing reads it
    try:
        library.write(frame, file_format, folder)
    except (ValueError, TypeError, OverflowError, NotImplementedError) as error:
        types = library.arrow_types(frame, library.columns(frame))
        unfit = [f"column {name!r} of {type_}" for name, type_ in types.items() if isinstance(type_, Unfit)]
        raise TypeMismatch(wanted, ", ".join(unfit) or str(error)) from error


def _twice(names: Iterable[object]) -> str:
    """The names that more than one column has."""
    return ", ".join(repr(name) for name, times in Counter(names).items() if times > 1)
