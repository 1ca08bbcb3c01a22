"""Uploads of code: when clients have asked for each, and which are being removed.

A client asks for the place of an upload, puts it there, and then registers what names it. Nothing names it until then,
so what was asked for lately is not removed, and what is being removed can't be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.server.store.audits import Audit
from alula.server.store.leases import Lease


class Uploads(Protocol):
    """Methods that take a lease raise `LeaseLost`."""

    async def ask(self, uri: str, now: int) -> bool:
        """Note that a client asks for one. False if it is being removed."""
        ...

    async def begin(self, lease: Lease, removed: Sequence[tuple[str, Audit]], before: int) -> list[str]:
        """Begin to remove those that nobody has asked for after that time, and return them in order."""
        ...

    async def going(self, *, limit: int) -> list[str]:
        """Those that are being removed."""
        ...

    async def finish(self, lease: Lease, uris: Sequence[str]) -> None:
        """End the removal of these: they are gone, and can be asked for."""
        ...

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        """Forget that some were asked for, at that time or before. Returns their number."""
        ...
