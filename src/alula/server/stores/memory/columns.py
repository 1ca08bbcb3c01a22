"""Rows turned into columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


# `Any`: each column has its own type, which the record of its concern tells.
def columns_of(rows: Iterable[Sequence[Any]], count: int) -> list[Sequence[Any]]:
    """The columns, `count` of them even if there is no row."""
    return list(zip(*rows, strict=True)) or [()] * count
