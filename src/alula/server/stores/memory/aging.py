"""Rows that may go by their age, as concerns tell of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alula.core.ids import Place


class AgedRow(NamedTuple):
    """One of them."""

    place: Place
    at: int
    bytes: int
    remove: Callable[[], object]
    is_part: bool = False
    """True if it is part of the next that is none."""
