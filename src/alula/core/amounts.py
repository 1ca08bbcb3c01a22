"""Numbers that are amounts: of bytes, seconds, places."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec


def not_amounts(options: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """The fields with a number that is no amount, each with the reason."""
    for name in options.__struct_fields__:
        value: object = getattr(options, name)
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            yield name, f"must be a number from 0, not {value}"
