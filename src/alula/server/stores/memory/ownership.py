"""The runner that owns each open execution, and the time for which it may be silent."""

from __future__ import annotations

from collections.abc import Sequence

from alula.core.ids import ExecutionId
from alula.server.store.leases import Lease
from alula.server.stores.memory.leases import Leases
from alula.server.stores.memory.runs import Runs


class Ownership:
    def __init__(self, runs: Runs, leases: Leases) -> None:
        self._runs = runs
        self._leases = leases
        self._until: dict[str, int] = {}

    async def claim(
        self, owner: str, *, now: int, lease_us: int, limit: int, among: Sequence[ExecutionId] | None = None
    ) -> list[ExecutionId]:
        self._until[owner] = now + lease_us
        asked = self._runs if among is None else [id for id in dict.fromkeys(among) if id in self._runs]
        free = [
            run
            for run in (self._runs[id] for id in asked)
            if not run.record.phase.is_terminal and run.owner != owner and self._until.get(run.owner, now) <= now
        ]
        free.sort(key=lambda run: (run.record.created_at, run.record.id))
        for run in free[:limit]:
            run.owner = owner
        return [run.record.id for run in free[:limit]]

    async def claimed(self, owner: str) -> list[ExecutionId]:
        return [id for id, run in self._runs.items() if run.owner == owner and not run.record.phase.is_terminal]

    async def renew(self, owner: str, *, now: int, lease_us: int) -> None:
        self._until[owner] = now + lease_us

    async def release(self, owner: str | None = None) -> None:
        for run in self._runs.values():
            if owner is None or run.owner == owner:
                run.owner = ""

    async def owner(self, execution: ExecutionId) -> str:
        run = self._runs.get(execution)
        return run.owner if run else ""

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        self._leases.require(lease)
        expired = [owner for owner, until in self._until.items() if until <= self._leases.now()][:limit]
        for owner in expired:
            del self._until[owner]
        return len(expired)
