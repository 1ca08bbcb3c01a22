"""When two runs of a task are the same run: the key under which outputs are cached, in its parts.

The parts are kept, not only their hash, so that a miss can be explained as a difference.
"""

from __future__ import annotations

import msgspec


class CacheKey(msgspec.Struct, frozen=True, array_like=True):
    """`digest` identifies; the rest explains it."""

    project: str
    domain: str
    task: str
    cache_version: str
    interface: str
    """Hash of the task's input and output types."""
    inputs: dict[str, str]
    """Hash of each input that counts, by name."""
    digest: str
