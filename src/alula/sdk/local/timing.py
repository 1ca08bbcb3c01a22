"""The clock of local runs, and limits on the time that something takes in this process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

from alula.sdk.runtime.failure import StoppedFromOutside


class TimedOut(StoppedFromOutside):
    """Raised into user code, or into the asking at a gate, by the interval timer; not an Exception, so that user code
    does not catch it."""


@contextmanager
def limit(timeout_us: int) -> Generator[None]:
    """Raise `TimedOut` into what runs longer, in the main thread and where the system has interval timers."""
    if not timeout_us or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_timed_out)
    signal.setitimer(signal.ITIMER_REAL, timeout_us / 1_000_000)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise_timed_out(_signal: int, _frame: object) -> NoReturn:
    raise TimedOut


_EPOCH_NS = time.time_ns() - time.monotonic_ns()
"""The start of the monotonic clock in nanoseconds since the epoch, by the wall clock when this process began: later
changes of the wall clock move no deadline of a local run."""


def now_us() -> int:
    """Microseconds since the epoch."""
    return (_EPOCH_NS + time.monotonic_ns()) // 1_000
