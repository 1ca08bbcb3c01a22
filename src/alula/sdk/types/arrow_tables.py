"""pyarrow Tables as parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from alula.sdk.types.column_types import ArrowType, Columns, Fields, fields_of
from alula.sdk.types.frame_source import PARQUET, Source


class ArrowTables:
    """`pyarrow.Table`."""

    name = "pyarrow"
    formats = (PARQUET,)

    def columns(self, frame: Any) -> list[str]:
        return frame.column_names

    def arrow_types(self, frame: Any, names: Iterable[str]) -> Mapping[str, ArrowType]:
        import pyarrow  # lazy: only where data frames are used

        arrow: Any = pyarrow  # Any: pyarrow has no types
        return {name: frame.schema.field(name).type if len(frame) else arrow.null() for name in names}

    def write(self, frame: Any, file_format: str, folder: str) -> None:
        import pyarrow.parquet  # lazy: only where data frames are used

        parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
        parquet.write_table(frame, os.path.join(folder, "00000"))

    def read(self, source: Source, file_format: str, columns: Columns) -> Any:
        return read_parquet(source, columns)


def read_parquet(source: Source, columns: Columns) -> Any:
    """A Table of these columns, or of all without any; of a struct the declared fields."""
    import pyarrow.parquet  # lazy: only where data frames are used

    parquet: Any = pyarrow.parquet  # Any: pyarrow has no types
    if not columns:
        return parquet.read_table(source.path, filesystem=source.files)
    stored = parquet.ParquetDataset(source.path, filesystem=source.files)
    wanted = fields_of(columns, stored.schema.names)
    # the dataset would take a dot in a name for a path, and give its last part as a column of its own
    table = stored.read(columns=list(wanted))
    for index, (name, fields) in enumerate(wanted.items()):
        if fields:
            table = table.set_column(index, name, _pruned(table.column(name).combine_chunks(), fields))
    return table


def _pruned(array: Any, fields: Fields) -> Any:
    """A struct array with these fields alone, and its missing values."""
    import pyarrow  # lazy: only where data frames are used

    arrow: Any = pyarrow  # Any: pyarrow has no types
    if not fields or not arrow.types.is_struct(array.type):  # a column without any value may have another type
        return array
    there = {name: inner for name, inner in fields.items() if array.type.get_field_index(name) >= 0}
    arrays = [_pruned(array.field(name), inner) for name, inner in there.items()]
    return arrow.StructArray.from_arrays(arrays, names=list(there), mask=array.is_null())
