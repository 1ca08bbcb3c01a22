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


def signal_file(numbers: Sequence[int]) -> int:
    """Block these signals; the file from which they can be read. Raises OSError."""
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    mask = ctypes.create_string_buffer(SIGSET_BYTES)
    libc.sigemptyset(mask)
    for number in numbers:
        libc.sigaddset(mask, number)
    file: int = libc.signalfd(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
    if file < 0:
        raise OSError("there is no signalfd")
    return file


def read_signals(file: int) -> set[int]:
    """What has come."""
    try:
        data = os.read(file, 16 * INFO_BYTES)
    except BlockingIOError:
        return set()
    return {int.from_bytes(data[place : place + 4], sys.byteorder) for place in range(0, len(data), INFO_BYTES)}
