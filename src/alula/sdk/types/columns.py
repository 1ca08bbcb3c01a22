"""Columns of data frames, for `Annotated[DataFrame, kwtypes(...)]`."""

from __future__ import annotations


def kwtypes(**columns: object) -> dict[str, object]:
    """Names and types of columns, in order: `kwtypes(age=int, name=str)`."""
    return columns
