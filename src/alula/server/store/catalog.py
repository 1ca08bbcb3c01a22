"""The catalog: outputs that may stand in for a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.core.engine.records import CacheEntry
from alula.core.policy.cache_key import CacheKey
from alula.server.store.audits import Audit
from alula.server.store.query import Filter, Query


class Catalog(Protocol):
    async def get(self, key: CacheKey) -> CacheEntry | None: ...

    async def page(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]:
        """Filter fields: project, domain, task, cache_version, interface, source,
        digest, created_at."""
        ...

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        """Remove the entries that meet all of these, fields as in `cache_entries`; how many there were."""
        ...
