"""A limit on repetitions in the platform's log: clients must not be able to fill the disk with it."""

from __future__ import annotations

import logging
import time

LINES_MAX = 60
WINDOW_S = 60.0
_KINDS_MAX = 1000


class LogLimit(logging.Filter):
    """A filter for handlers. Lines are of one kind if one statement writes them.

    The first line that comes through again says how many were left out.
    """

    def __init__(self, *, lines_max: int = LINES_MAX, window_s: float = WINDOW_S) -> None:
        super().__init__()
        self._lines_max = lines_max
        self._window_s = window_s
        self._windows: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.pathname, record.lineno, record.name)
        now = time.monotonic()
        began, count = self._windows.get(kind, (now, 0))
        left_out = 0
        if now - began >= self._window_s:
            left_out = max(0, count - self._lines_max)
            began, count = now, 0
        if kind not in self._windows and len(self._windows) >= _KINDS_MAX:
            self._windows.pop(next(iter(self._windows)))
        self._windows[kind] = began, count + 1
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this were left out)", None
        return count < self._lines_max
