"""The header `Range` of HTTP, for one range of bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Span(NamedTuple):
    """Bytes from `start` on, up to `end`."""

    start: int
    end: int


class NotSatisfiable(Exception):
    """There are no such bytes."""


def span_of(header: str, size: int) -> Span | None:
    """The bytes that are asked for, of an object of this size; None for all of it: a header that is not understood is
    as good as none. Raises `NotSatisfiable`.

    >>> span_of("bytes=-3", 10)
    Span(start=7, end=10)
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise NotSatisfiable
    return Span(start, end)
