"""The nodes of runs as this process last read them: afterwards only what has changed is read.

Kept for the runs that were asked for last. One run is read at a time: reading and shaping thousands of rows takes turns
with the event loop, and several such threads at once would leave it waiting for all of them. Owned by the event loop's
thread.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import NamedTuple

from alula.core.ids import ExecutionId
from alula.server.services.console.columns import Parts, laid_over, parts_of
from alula.server.store import Store
from alula.server.store.executions import ExecutionRecord

NODES_KEPT_MAX = 50_000
"""Of all runs together; about 300 bytes each."""
RUN_NODES = 20
"""What a run costs beside its nodes, counted as nodes."""
CHANGED_MAX = 2_000
"""Nodes, and attempts, that are laid over what is kept. If more have changed, the run is read anew."""


class _Kept(NamedTuple):
    seq: int
    """The number of events that the log of the run had, at least."""
    parts: Parts


class KeptRuns:
    """All that is kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[ExecutionId, int], _Kept] = OrderedDict()
        self._reading = asyncio.Lock()

    async def read(self, store: Store, record: ExecutionRecord, limit: int) -> Parts | None:
        """All nodes of a run that was just read, with the attempts that these don't tell. None if it has more nodes
        than `limit`."""
        async with self._reading:
            # The time of creation, as there may be another run of the name in a store that was restored.
            key = record.id, record.created_at
            kept = self._kept.pop(key, None)
            parts = None
            if kept is not None and kept.seq <= record.seq:
                parts = kept.parts if kept.seq == record.seq else await _changed(store, record, kept)
            if parts is None:
                parts = await _read(store, record, limit)
            if parts is None or len(parts.nodes.id) > limit:
                return None
            self._kept[key] = _Kept(record.seq, parts)
            self._shorten()
            return parts

    def _shorten(self) -> None:
        count = sum(map(_cost, self._kept.values()))
        while count > NODES_KEPT_MAX:
            _, gone = self._kept.popitem(last=False)
            count -= _cost(gone)


def _cost(kept: _Kept) -> int:
    return len(kept.parts.nodes.id) + RUN_NODES


async def _read(store: Store, record: ExecutionRecord, limit: int) -> Parts | None:
    counts = await store.nodes.counts([record.id])
    if sum(counts[record.id].values()) > limit:
        return None
    nodes = await store.nodes.columns(record.id, limit=limit + 1)
    attempts = await store.attempts.columns(record.id)
    return await asyncio.to_thread(parts_of, nodes, attempts, record.created_at)


async def _changed(store: Store, record: ExecutionRecord, kept: _Kept) -> Parts | None:
    """None if too much has changed."""
    nodes = await store.nodes.columns(record.id, since=kept.seq, limit=CHANGED_MAX + 1)
    attempts = await store.attempts.columns(record.id, since=kept.seq, limit=CHANGED_MAX + 1)
    if max(len(nodes.node_id), len(attempts.node_id)) > CHANGED_MAX:
        return None
    return await asyncio.to_thread(laid_over, kept.parts, nodes, attempts, record.created_at)
