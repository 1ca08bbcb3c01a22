"""Reservations: for each result that is being computed, the node that does it while others wait."""

from __future__ import annotations

from alula.core.engine.records import Released
from alula.core.ids import ExecutionId
from alula.core.policy.cache_key import CacheKey
from alula.server.store.leases import Lease
from alula.server.store.reservations import execution_lost
from alula.server.stores.addressee import node_of
from alula.server.stores.memory.leases import Leases
from alula.server.stores.memory.runs import Runs


class Reservations:
    def __init__(self, runs: Runs, leases: Leases) -> None:
        self._runs = runs
        self._leases = leases
        self._holders: dict[tuple[str, str, str], str] = {}

    async def take(self, key: CacheKey, holder: str, *, owner: str = "") -> str:
        if not self._owns(owner, holder):
            raise execution_lost(node_of(holder)[0], owner)
        before = await self.holder(key)
        if before not in ("", holder):
            return before
        self._holders[_place(key)] = holder
        return ""

    async def holder(self, key: CacheKey) -> str:
        holder = self._holders.get(_place(key), "")
        return holder if holder and self._is_open(*node_of(holder)) else ""

    async def release(self, key: CacheKey, holder: str, *, owner: str = "") -> None:
        if self._owns(owner, holder):
            self.let_go(Released(key, holder))

    async def remove_expired(self, lease: Lease, *, limit: int) -> int:
        self._leases.require(lease)
        ended = [place for place, holder in self._holders.items() if self._has_ended(node_of(holder)[0])][:limit]
        for place in ended:
            del self._holders[place]
        return len(ended)

    def let_go(self, released: Released) -> None:
        if self._holders.get(_place(released.key)) == released.holder:
            del self._holders[_place(released.key)]

    def holders(self) -> set[str]:
        """The nodes that have any, also those that have ended."""
        return set(self._holders.values())

    def _owns(self, owner: str, holder: str) -> bool:
        """True if this runner owns the execution of a holder."""
        run = self._runs.get(node_of(holder)[0])
        return not owner or (run is not None and run.owner == owner)

    def _has_ended(self, id: ExecutionId) -> bool:
        return id in self._runs and self._runs[id].record.phase.is_terminal

    def _is_open(self, id: ExecutionId, node_id: str) -> bool:
        run = self._runs.get(id)
        node = run.nodes.get(node_id) if run is not None else None
        return not (run is None or run.record.phase.is_terminal or (node is not None and node.phase.is_terminal))


def _place(key: CacheKey) -> tuple[str, str, str]:
    return key.project, key.domain, key.digest
