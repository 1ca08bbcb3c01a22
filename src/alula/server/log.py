"""The contract for logs: what attempts write to their standard output and error, as one stream. Adapters: `logs/`.

A log only grows, and is read from an offset on. So whoever follows it, or was cut off, goes on where it was.
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
    """Of its execution."""


class Logs(Protocol):
    """Both methods raise `Unavailable` if the logs can't be reached now."""

    def read(self, source: LogSource, *, offset: int = 0) -> AsyncIterator[bytes]:
        """What stands after the first `offset` bytes now, in pieces of at most 256 KiB. Nothing for an attempt that
        has not written that much, and where there is no readable log of it."""
        ...

    async def has_more(self, source: LogSource, *, offset: int) -> bool:
        """Whether `read` would give anything. It costs a follower less to ask this than to read nothing."""
        ...
