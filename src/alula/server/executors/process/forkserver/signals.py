"""Signals as a file to poll, so that nothing of them has to be undone in a child but that they are blocked."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

from .child import libc

SIGSET_BYTES = 128
"""Enough for every C library."""
INFO_BYTES = 128
"""`struct signalfd_siginfo`, whose first number is that of the signal."""


class SignalFile:
    """These signals are blocked, and come as something to read instead."""

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        """Raises OSError."""
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        blocked, self.before = ctypes.create_string_buffer(SIGSET_BYTES), ctypes.create_string_buffer(SIGSET_BYTES)
        """The `sigset_t` without them: that of a child."""
        libc.sigemptyset(blocked)
        for number in numbers:
            libc.sigaddset(blocked, int(number))
        libc.sigprocmask(int(signal.SIG_BLOCK), blocked, self.before)
        self.file: int = libc.signalfd(-1, blocked, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.file < 0:
            raise OSError("there is no signalfd")

    def read(self) -> set[int]:
        """The signals that have come."""
        try:
            data = os.read(self.file, 16 * INFO_BYTES)
        except BlockingIOError:
            return set()
        return {int.from_bytes(data[place : place + 4], sys.byteorder) for place in range(0, len(data), INFO_BYTES)}
