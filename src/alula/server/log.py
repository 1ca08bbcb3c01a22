"""The contract for logs: the standard output and error of attempts, as one stream. Adapters: `logs/`.

A log only grows, and is read from an offset on. So a follower that was cut off goes on where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from alula.core.ids import AttemptId


class LogSource(msgspec.Struct, frozen=True):
    """The attempt that writes a log."""

    attempt: AttemptId
    incarnation: str
    """The incarnation of its execution."""


class Logs(Protocol):
    """All methods raise `Unavailable` if the logs can't be reached now."""

    def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The bytes after the first `offset` now, in pieces of at most 256 KiB. Nothing for an attempt that has not
        written that much, or that has no readable log."""
        ...

    async def size(self, source: LogSource) -> int:
        """The number of bytes that `read` gives now, from offset 0 on."""
        ...

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        """True if `read` would give anything. It costs a follower less to ask this than to read nothing."""
        ...
