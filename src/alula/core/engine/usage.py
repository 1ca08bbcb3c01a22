"""What an attempt has used of the machine that it ran on: figures, each with where it comes from and how far it holds.

The value that the events at the end of an attempt, its row and the executor contract share. A figure that nobody knows
is None; zero is said by somebody who has looked.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Accuracy: TypeAlias = Literal["exact", "at_least", "sampled", "estimated"]
"""How far a figure holds: to the end of the attempt; up to a moment before its end; as the largest of some looks, so
that more may have been between two of them; or as what follows from other figures."""


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """One figure of an attempt, of all its processes together."""

    value: int
    source: str
    """Who has counted, in one short word: `rusage`, `smaps`, `cgroup`."""
    accuracy: Accuracy = "exact"
    every_ms: int = 0
    """Of a sampled one: how long two looks were apart at most."""


class Usage(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one attempt."""

    cpu_us: Figure | None = None
    """Time on a CPU, of user and system."""
    peak_memory_bytes: Figure | None = None
    """Most memory of its own that it had at a time: anonymous and shared pages. Cached files are not among them."""
    written_bytes: Figure | None = None
    """What it has had written to disks."""
