"""The catalog: outputs that may stand in for a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.core.engine.records import CacheEntry
from alula.core.policy.cache_key import CacheKey
from alula.server.store.audits import Audit
from alula.server.store.listing import Listing, text, time
from alula.server.store.query import Filter, Query

CATALOG: Listing[CacheEntry] = Listing(
    fields={
        "project": text("key.project"),
        "domain": text("key.domain"),
        "task": text("key.task"),
        "cache_version": text("key.cache_version"),
        "interface": text("key.interface"),
        "source": text("source"),
        "digest": text("key.digest"),
        "created_at": time("created_at"),
    },
    identity=("project", "domain", "digest"),
)


class Catalog(Protocol):
    async def get(self, key: CacheKey) -> CacheEntry | None: ...

    async def page(self, query: Query, *, with_outputs: bool = False) -> list[CacheEntry]: ...

    async def evict(self, filters: Sequence[Filter], audit: Audit) -> int:
        """Remove the entries that meet all of these. Returns their number."""
        ...
