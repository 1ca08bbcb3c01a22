"""The runner that owns each open execution, and the time for which it may be silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.core.ids import ExecutionId
from alula.server.store.expiring import Expiring


class Ownership(Expiring, Protocol):
    """Leases of runners that have ended can be removed: one that comes back says anew that it lives."""

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        """Take over open executions that nobody owns or whose owner's lease ended; oldest first. Only some of
        `among`, if given: the cost of asking for those does not grow with how many others are open."""
        ...

    async def claimed(self, owner: str) -> list[ExecutionId]:
        """The open executions that `owner` owns, for a runner that can't be sure of them."""
        ...

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        """Say that `owner` lives: its claims hold for `lease_us` from now."""
        ...

    async def release(self, owner: str | None = None) -> None:
        """Let go of all that `owner` claims, so that others need not wait for its lease: a graceful stop.
        None lets go of everyone's claims, for a caller that knows that no other runner lives."""
        ...

    async def owner(self, execution: ExecutionId) -> str:
        """The runner that has claimed an execution; empty if none has, or if there is no such execution."""
        ...
