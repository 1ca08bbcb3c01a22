"""The formats of stored data frames, and where the files of one are."""

from __future__ import annotations

from typing import Any, NamedTuple

PARQUET = "parquet"
CSV = "csv"


class Source(NamedTuple):
    """The place of stored files."""

    path: str
    files: Any = None
    """A file system of Arrow in which the path is; None for that of this machine."""
