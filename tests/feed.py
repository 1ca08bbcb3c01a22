"""What a client knows of an execution, kept up to date by the change feed."""

from __future__ import annotations

from typing import Any

from alula.core.engine.records import AttemptPhase
from alula.core.ids import ExecutionId
from alula.server.store import Store

ALL = 1_000_000
_TOLD_BY_NODE = (AttemptPhase.SUCCEEDED, AttemptPhase.FAILED, AttemptPhase.ABORTED)


class Feed:
    """Rows by what they are of, as they were when the log had `seq` events."""

    def __init__(self, seq: int, rows: dict[tuple[Any, ...], Any]) -> None:
        self.seq = seq
        self.rows = rows

    @classmethod
    async def read(cls, store: Store, execution: ExecutionId) -> Feed:
        """All rows."""
        return await cls._since(store, execution, 0)

    async def brought_up(self, store: Store, execution: ExecutionId) -> Feed:
        """With all that has changed since laid over it."""
        changes = await self._since(store, execution, self.seq)
        return Feed(changes.seq, self.rows | changes.rows)

    @classmethod
    async def _since(cls, store: Store, execution: ExecutionId, seq: int) -> Feed:
        rows: dict[tuple[Any, ...], Any] = {}
        now = await store.log.next_seq(execution)
        for node_id, *node in zip(*await store.nodes.columns(execution, since=seq, limit=ALL), strict=True):
            rows["node", node_id] = node
        for node_id, number, *attempt in zip(
            *await store.attempts.columns(execution, since=seq, limit=ALL), strict=True
        ):
            rows["attempt", node_id, number] = attempt
        for node_id, index, *item in zip(*await store.items.columns(execution, since=seq), strict=True):
            rows["item", node_id, index] = item
        for signal in await store.signals.changed(execution, seq):
            rows["signal", signal.signal_id] = signal
        return cls(now, rows)

    @property
    def shown(self) -> tuple[int, dict[tuple[Any, ...], Any]]:
        """All that it tells: whatever of attempts is not told by their nodes."""
        return self.seq, {key: row for key, row in self.rows.items() if not _is_told_by_node(key, row)}


def _is_told_by_node(key: tuple[Any, ...], row: Any) -> bool:
    return key[0] == "attempt" and key[2] == 0 and row[0] in _TOLD_BY_NODE and row[-1] is None
