"""Uploads of code."""

from __future__ import annotations

from collections.abc import Sequence

from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases


class Uploads:
    def __init__(self, leases: Leases, audits: Audits) -> None:
        self._leases = leases
        self._audits = audits
        self._asked: dict[str, int] = {}
        self._going: set[str] = set()

    async def ask(self, uri: str, now: int) -> bool:
        if uri in self._going:
            return False
        self._asked[uri] = max(now, self._asked.get(uri, 0))
        return True

    async def begin(self, lease: Lease, removed: Sequence[tuple[str, Audit]], before: int) -> list[str]:
        self._leases.require(lease)
        audits = dict(removed)
        begun = [uri for uri in sorted(audits) if self._asked.get(uri, before) <= before and uri not in self._going]
        self._going.update(begun)
        self._audits.append(*(audits[uri] for uri in begun))
        return begun

    async def going(self, *, limit: int) -> list[str]:
        return sorted(self._going)[:limit]

    async def finish(self, lease: Lease, uris: Sequence[str]) -> None:
        self._leases.require(lease)
        for uri in uris:
            self._going.discard(uri)
            self._asked.pop(uri, None)

    async def forget(self, lease: Lease, before: int, *, limit: int) -> int:
        self._leases.require(lease)
        old = [uri for uri, at in self._asked.items() if at <= before and uri not in self._going][:limit]
        for uri in old:
            del self._asked[uri]
        return len(old)
