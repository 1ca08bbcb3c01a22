"""The output of workers, passed on line by line with the name of the node that it comes from.

A worker says in lines of their own, which begin with a mark that no other line has, which attempt the output after
them is of, and with an empty name that it has ended: so output is never told of another attempt's, and all of it is
passed on before anybody hears that the attempt has ended.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import IO, TextIO

_READ_BYTES = 1 << 16
_printing = threading.Lock()


class Relay:
    """One output of one worker, read by a thread of its own until nobody can write to it any more."""

    def __init__(self, pipe: IO[bytes], mark: bytes, *, is_error: bool) -> None:
        self._pipe = pipe
        self._mark = mark
        self._is_error = is_error
        self._label = ""
        self._rest = b""
        self._changed = threading.Condition()
        self._ended = 0
        self._is_closed = False
        threading.Thread(target=self._read, name="alula-relay", daemon=True).start()

    def wait_for(self, ended: int, timeout_s: float | None = None) -> None:
        """Wait until all output of so many attempts is passed on, or all that can ever come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended >= ended or self._is_closed, timeout_s)

    def _read(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), _READ_BYTES):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._line(line)
                if len(self._rest) > _READ_BYTES and self._mark not in self._rest:
                    self._print(self._rest)
                    self._rest = b""
        if self._rest:
            self._print(self._rest)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _line(self, line: bytes) -> None:
        text, mark, label = line.partition(self._mark)
        if text or not mark:  # a task may end its output within a line
            self._print(text)
        if not mark:
            return
        self._label = label.decode()
        if not label:
            with self._changed:
                self._ended += 1
                self._changed.notify_all()

    def _print(self, line: bytes) -> None:
        stream: TextIO = sys.stderr if self._is_error else sys.stdout
        text = f"{self._label or 'worker'} | {line.decode('utf-8', 'backslashreplace')}\n"
        encoding = stream.encoding or "utf-8"
        # What can't be shown, and an output that nobody reads any more, must not keep the worker from writing.
        with _printing, contextlib.suppress(OSError, ValueError):
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()
