"""The resources that an attempt has used, as the kernel reports them when its processes are waited for.

The figures of a process include the children that it has waited for itself. Figures are lists as the platform reads
them: value, source, and accuracy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .procfs import PAGE_BYTES

if TYPE_CHECKING:
    import resource

BLOCK_BYTES = 512
"""The unit in which the kernel counts blocks written, whatever the file system's blocks are."""
COUNTS_WRITTEN = os.path.exists("/proc/self/io")
"""True if this kernel counts them; else it says 0."""


class Used:
    """Adds up over the processes of an attempt."""

    __slots__ = ("_inherited_bytes", "cpu_s", "peak", "written_bytes")

    def __init__(self, inherited_bytes: int) -> None:
        self._inherited_bytes = inherited_bytes
        self.cpu_s = 0.0
        self.written_bytes = 0
        self.peak: list[Any] | None = None
        """Its most memory, if that is known better than by an estimate."""

    def add(self, usage: resource.struct_rusage, *, is_first: bool) -> None:
        """Count a process of it that was waited for. The first one is the fork, and mostly the only one."""
        self.cpu_s += usage.ru_utime + usage.ru_stime
        self.written_bytes += usage.ru_oublock * BLOCK_BYTES
        if is_first and self.peak is None:
            self.peak = [estimated_bytes(usage, self._inherited_bytes), "rusage", "estimated"]

    def told(self) -> list[list[Any] | None]:
        """CPU time in microseconds, memory, bytes written."""
        written = [self.written_bytes, "rusage"] if COUNTS_WRITTEN else None
        return [[round(self.cpu_s * 1_000_000), "rusage"], self.peak, written]


def estimated_bytes(usage: resource.struct_rusage, inherited_bytes: int) -> int:
    """An estimate of the most memory that a fork, or a program that it became, had of its own.

    A page of its own costs a fault, be it new or copied, unless it is part of a huge one; then it adds to what is
    resident beyond what was inherited.
    """
    peak = usage.ru_maxrss * 1024
    return max(peak - inherited_bytes, min(usage.ru_minflt * PAGE_BYTES, peak))
