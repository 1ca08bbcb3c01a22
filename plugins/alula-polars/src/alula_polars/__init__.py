"""polars DataFrames and LazyFrames as parquet files. Alula finds them by the entry points of this package."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl
import pyarrow as _pyarrow
import pyarrow.dataset as _dataset

from alula.sdk.types.column_types import ArrowType, Columns, Fields, Unfit, fields_of
from alula.sdk.types.frame_source import PARQUET, Source

pyarrow: Any = _pyarrow  # Any: pyarrow has no types
dataset: Any = _dataset
polars: Any = pl  # Any: where its types name those of pyarrow


class LazyFrames:
    """`polars.LazyFrame`: a scan on the way in, a stream on the way out."""

    name = "polars"
    formats = (PARQUET,)

    def __init__(self, class_: type) -> None:
        """`class_` is the one class that there is."""

    def columns(self, frame: pl.LazyFrame) -> Collection[str]:
        return frame.collect_schema().names()

    def arrow_types(self, frame: pl.LazyFrame, names: Iterable[str]) -> Mapping[str, ArrowType]:
        return _arrow_types(frame.collect_schema(), names)

    def write(self, frame: pl.LazyFrame, file_format: str, folder: str) -> None:
        with _as_value_error():
            frame.sink_parquet(os.path.join(folder, "00000"))

    def read(self, source: Source, file_format: str, columns: Columns) -> pl.LazyFrame:
        if source.files is None:
            frame = pl.scan_parquet(source.path)
        else:
            stored = dataset.dataset(source.path, filesystem=source.files, format="parquet", partitioning="hive")
            frame = polars.scan_pyarrow_dataset(stored)
        if not columns:
            return frame
        schema = frame.collect_schema()
        wanted = fields_of(columns, schema.names())
        return frame.select(_pruned(pl.col(name), schema[name], fields).alias(name) for name, fields in wanted.items())


class DataFrames:
    """`polars.DataFrame`."""

    name = "polars"
    formats = (PARQUET,)

    def __init__(self, class_: type) -> None:
        self._lazy = LazyFrames(class_)

    def columns(self, frame: pl.DataFrame) -> Collection[str]:
        return frame.columns

    def arrow_types(self, frame: pl.DataFrame, names: Iterable[str]) -> Mapping[str, ArrowType]:
        return _arrow_types(frame.schema, names) if frame.height else dict.fromkeys(names, pyarrow.null())

    def write(self, frame: pl.DataFrame, file_format: str, folder: str) -> None:
        with _as_value_error():
            frame.write_parquet(os.path.join(folder, "00000"))

    def read(self, source: Source, file_format: str, columns: Columns) -> pl.DataFrame:
        return self._lazy.read(source, file_format, columns).collect()


def _pruned(column: pl.Expr, type_: object, fields: Fields) -> pl.Expr:
    """A struct with these fields alone, and its missing values."""
    if not fields or not isinstance(type_, pl.Struct):  # a column without any value may have another type
        return column
    types = {field.name: field.dtype for field in type_.fields}
    there = {name: inner for name, inner in fields.items() if name in types}
    inside = [_pruned(column.struct.field(name), types[name], inner).alias(name) for name, inner in there.items()]
    return pl.when(column.is_not_null()).then(pl.struct(inside))


def _arrow_types(schema: pl.Schema, names: Iterable[str]) -> Mapping[str, ArrowType]:
    return {name: _arrow_type(schema[name]) for name in names}


def _arrow_type(type_: pl.DataType) -> ArrowType:
    if isinstance(type_, pl.Object):
        return Unfit("Object")
    return polars.Series([], dtype=type_).to_arrow().type


@contextmanager
def _as_value_error() -> Generator[None]:
    """Report what a format can not hold as the contract says."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        raise ValueError(str(error)) from error
