"""Questions that gates have asked, and their answers."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from alula.core.engine.records import SignalRecord
from alula.core.ids import ExecutionId
from alula.server.store.query import Query
from alula.server.store.signals import SIGNALS
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.runs import Run, Runs


class Signals:
    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def get(self, execution: ExecutionId, signal_id: str) -> SignalRecord | None:
        run = self._runs.get(execution)
        signal = run.signals.get(signal_id) if run else None
        return None if signal is None else copy.copy(signal)

    async def page(self, execution: ExecutionId, query: Query) -> list[SignalRecord]:
        page = check(query, SIGNALS)
        run = self._runs.get(execution)
        among = run.signals.values() if run else ()
        return [copy.copy(signal) for signal in lists.page_of(among, page, SIGNALS)]

    async def changed(self, execution: ExecutionId, since: int) -> list[SignalRecord]:
        run = self._runs.get(execution)
        if run is None:
            return []
        return [copy.copy(row) for id, row in sorted(run.signals.items()) if run.has_changed("signal", id, since)]

    async def open(self, executions: Sequence[ExecutionId]) -> dict[ExecutionId, int]:
        runs = {id: self._runs.get(id) for id in executions}
        counts = {id: sum(_is_open(run, signal) for signal in run.signals.values()) for id, run in runs.items() if run}
        return {id: count for id, count in counts.items() if count}


def _is_open(run: Run, signal: SignalRecord) -> bool:
    node = run.nodes.get(signal.node_id)
    return signal.value is None and node is not None and not node.phase.is_terminal
