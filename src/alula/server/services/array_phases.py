"""The phase of each item of large arrays, as this process last read them: afterwards only what has changed is read.

Kept for a few arrays, the ones that were asked for last. Owned by the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable

from alula.core.engine.records import AttemptPhase, CacheStatus
from alula.core.ids import ExecutionId
from alula.server.store import Store
from alula.server.store.executions import ExecutionRecord
from alula.server.store.items import ItemColumns

FROM_CACHE = 0x80
"""The bit of a phase that says that the result came from the cache."""
ARRAYS_MAX = 16
AT_ONCE_MAX = 2_000
"""Changes that are taken in on the event loop. Of more, the array is read anew."""

Change = tuple[int, int]
"""Index and phase."""


class Phases:
    """The phases of one array when the log had `seq` events, at least."""

    def __init__(self, seq: int, size: int, changes: Iterable[Change]) -> None:
        self.seq = seq
        self.data = bytearray(size)
        """One byte an item: 0 for one that has not begun."""
        for index, phase in changes:
            self.data[index] = phase
        self._counts = Counter(self.data)

    @property
    def counts(self) -> dict[AttemptPhase, int]:
        """The number of items in each phase, of those that have begun."""
        counts = Counter[AttemptPhase]()
        for phase, count in self._counts.items():
            counts[AttemptPhase(phase & ~FROM_CACHE)] += count
        del counts[AttemptPhase.UNDEFINED]
        return counts

    def take(self, seq: int, changes: Iterable[Change]) -> None:
        """Take in what has changed since."""
        for index, phase in changes:
            self._counts[self.data[index]] -= 1
            self._counts[phase] += 1
            self.data[index] = phase
        self.seq = max(self.seq, seq)


class ArrayPhases:
    """All that is kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[ExecutionId, int, str, int], Phases] = OrderedDict()
        # What was read first must be taken in first.
        self._reading = asyncio.Lock()

    async def read(self, store: Store, execution: ExecutionRecord, node_id: str, size: int) -> Phases:
        """The phases of an array of a run that was just read."""
        async with self._reading:
            return await self._read(store, execution, node_id, size)

    async def _read(self, store: Store, execution: ExecutionRecord, node_id: str, size: int) -> Phases:
        # The time of creation, as there may be another run of the name in a store that was restored.
        key = execution.id, execution.created_at, node_id, size
        kept = self._kept.pop(key, None)
        if kept is not None and kept.seq > execution.seq:
            kept = None
        found = None
        if kept is not None:
            found = await store.items.columns(execution.id, node_id, since=kept.seq, limit=AT_ONCE_MAX + 1)
        if kept is not None and found is not None and len(found.item) <= AT_ONCE_MAX:
            kept.take(execution.seq, _changes(found))
        else:
            found = await store.items.columns(execution.id, node_id)
            kept = await asyncio.to_thread(Phases, execution.seq, size, _changes(found))
        self._kept[key] = kept
        while len(self._kept) > ARRAYS_MAX:
            self._kept.popitem(last=False)
        return kept


def _changes(found: ItemColumns) -> Iterable[Change]:
    for index, phase, cache in zip(found.item, found.phase, found.cache_status, strict=True):
        yield index, phase | FROM_CACHE if cache == CacheStatus.HIT else phase
