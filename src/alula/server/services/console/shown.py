"""What several answers of the console have in common: errors in one line, times in columns, limits of lists."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.errors import InvalidInput, TaskError
from alula.core.policy.retries import last_error

LIST_MAX = 1_000
"""Rows in one answer of a list."""
_LINE_MAX_CHARS = 300


class Said(msgspec.Struct, frozen=True):
    """An error, as lists show it."""

    code: str
    message: str
    """Its first line, cut; of the last attempt, where the retries are spent."""


def said(error: TaskError) -> Said:
    return Said(error.code, line_of(last_error(error).message))


def line_of(text: str) -> str:
    """The first line of a text that is not empty, cut."""
    line = text.strip().partition("\n")[0].rstrip()
    return line if len(line) <= _LINE_MAX_CHARS else line[: _LINE_MAX_CHARS - 1] + "…"


def milliseconds(times: Sequence[int | None], t0: int) -> list[int]:
    """Times as whole milliseconds after `t0`, -1 for those that are not known. No clock counts below 0 otherwise: what
    another machine has dated before `t0` is at 0."""
    return [-1 if at is None else max(0, (at - t0) // 1000) for at in times]


def limited(limit: int, most: int = LIST_MAX) -> int:
    """The limit of a list. Raises `InvalidInput` code `InvalidParameter`."""
    if limit < 1:
        raise InvalidInput("InvalidParameter", f"`limit` must be a number from 1 on, not {limit}")
    return min(limit, most)
