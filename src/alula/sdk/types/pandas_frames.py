"""pandas DataFrames as parquet or CSV files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, cast

from flyteidl.core.types_pb2 import SimpleType

from alula.sdk.types.arrow_tables import read_parquet
from alula.sdk.types.column_types import ArrowType, Columns, Unfit, check_names, is_nested
from alula.sdk.types.frame_source import CSV, PARQUET, Source


class PandasFrames:
    """`pandas.DataFrame`."""

    name = "pandas"
    formats = (PARQUET, CSV)

    def columns(self, frame: Any) -> list[object]:
        return list(frame.columns)

    def arrow_types(self, frame: Any, names: Iterable[object]) -> Mapping[Any, ArrowType]:
        return {name: _arrow_type(frame[[name]]) for name in names}

    def write(self, frame: Any, file_format: str, folder: str) -> None:
        if file_format == CSV:
            frame.to_csv(os.path.join(folder, ".csv"), index=False)
        else:
            path = os.path.join(folder, "00000")
            frame.to_parquet(path, coerce_timestamps="us", allow_truncated_timestamps=False)

    def read(self, source: Source, file_format: str, columns: Columns) -> object:
        if file_format == CSV:
            return _read_csv(source.path, columns)
        if any(is_nested(name) for name in columns):
            return cast("object", read_parquet(source, columns).to_pandas())
        import pandas as pd  # lazy: only where data frames are used

        return cast("object", pd.read_parquet(source.path, filesystem=source.files, columns=list(columns) or None))


def _arrow_type(column: Any) -> ArrowType:  # Any: a pandas.DataFrame with one column
    import pyarrow  # lazy: only where data frames are used

    arrow: Any = pyarrow  # Any: pyarrow has no types
    if not len(column):
        return arrow.null()
    try:
        return arrow.Schema.from_pandas(column, preserve_index=False).field(0).type
    except (ValueError, TypeError, OverflowError, NotImplementedError):
        kinds = sorted({type(value).__qualname__ for value in column.iloc[:, 0]})
        return Unfit(f"{column.dtypes.iloc[0]} ({', '.join(kinds)})")


def _read_csv(path: str, columns: Columns) -> object:
    """CSV has texts only: a declared text stays one, a declared time is read as one, all else is what it looks like."""
    import pandas as pd  # lazy: only where data frames are used

    file = os.path.join(path, ".csv") if os.path.isdir(path) else path
    if not columns:
        return cast("object", pd.read_csv(file))
    check_names(columns, list(pd.read_csv(file, nrows=0).columns), "a pandas data frame")
    kinds = {name: column.type.simple for name, column in columns.items()}
    frame: Any = pd.read_csv(  # Any: pandas has many forms of this call
        file,
        usecols=list(columns),
        dtype={name: "str" for name, kind in kinds.items() if kind == SimpleType.STRING},
        parse_dates=[name for name, kind in kinds.items() if kind == SimpleType.DATETIME],
    )
    return cast("object", frame)
