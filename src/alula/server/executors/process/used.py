"""The resources that an attempt has used: the fork server's count at its end, and what `watch` saw meanwhile.

The fork server counts CPU time and bytes written exactly, as it waits for every process of an attempt. The kernel keeps
no peak of what a fork has of its own, so that memory is looked at while the attempt runs. One that ended before enough
looks has the larger of what was seen and what follows from its page faults.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import msgspec

from alula.core.engine.usage import Figure, Usage
from alula.server.executors.process.own_memory import tree

LOOKS_LEAST = 3
"""The number of looks at its memory that count more than an estimate."""
_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_CPU_FIELDS = slice(11, 15)
"""Fields of `/proc/PID/stat` after the name: user and system time, its own and that of children it has waited for."""


class Peak(NamedTuple):
    """The most memory that was seen."""

    value: int
    source: str
    looks: int
    every_ms: int

    @property
    def figure(self) -> Figure:
        return Figure(self.value, self.source, "sampled", self.every_ms)


def with_peak(usage: Usage | None, peak: Peak | None) -> Usage | None:
    """The usage at an end, with the peak that was seen before it."""
    if peak is None:
        return usage
    if usage is None:
        return Usage(peak_memory_bytes=peak.figure)
    told = usage.peak_memory_bytes
    if told is not None and (told.accuracy == "exact" or (peak.looks < LOOKS_LEAST and told.value > peak.value)):
        return usage
    return msgspec.structs.replace(usage, peak_memory_bytes=peak.figure)


def used_so_far(root: int, peak: Peak | None) -> Usage | None:
    """The resources that a running attempt has used so far."""
    cpu_us = written = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
            with open(f"/proc/{pid}/io", "rb") as file:
                io = dict(line.split(b": ") for line in file)
        except OSError:
            continue
        cpu_us += sum(map(int, fields[_CPU_FIELDS])) * _TICK_US
        written += int(io[b"write_bytes"])
    return with_peak(Usage(Figure(cpu_us, "proc", "at_least"), None, Figure(written, "proc", "at_least")), peak)
