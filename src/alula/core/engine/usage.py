"""The resources of its machine that an attempt has used: figures, each with its source and its accuracy.

The value that the events at the end of an attempt, its row and the executor contract share. An unknown figure is None;
zero has been measured.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Accuracy: TypeAlias = Literal["exact", "at_least", "sampled", "estimated"]
"""The accuracy of a figure: to the end of the attempt; up to a moment before its end; the largest of some samples,
which may miss more between two of them; or derived from other figures."""


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """One figure of an attempt, of all its processes together."""

    value: int
    source: str
    """The counter, in one short word: `rusage`, `smaps`, `cgroup`."""
    accuracy: Accuracy = "exact"
    every_ms: int = 0
    """The longest time between two samples, of a sampled figure."""


class Usage(msgspec.Struct, frozen=True, array_like=True):
    """The known figures of one attempt."""

    cpu_us: Figure | None = None
    """Time on a CPU, of user and system."""
    peak_memory_bytes: Figure | None = None
    """The most memory of its own at a time: anonymous and shared pages. Cached files are not among them."""
    written_bytes: Figure | None = None
    """The bytes that it has had written to disks."""
