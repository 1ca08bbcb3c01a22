"""Ties of runs."""

from __future__ import annotations

from collections.abc import Sequence

from alula.core.errors import NotFound
from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.ties import KEPT
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.runs import Runs


class Ties:
    def __init__(self, runs: Runs, audits: Audits) -> None:
        self._runs = runs
        self._audits = audits
        self._rows: set[tuple[ExecutionId, ExecutionId]] = set()
        """A run, and the one that it stays for."""

    async def holders(self, runs: Sequence[ExecutionId]) -> dict[ExecutionId, list[ExecutionId]]:
        return self.read(runs)

    async def keep(self, run: ExecutionId, audit: Audit) -> bool:
        if run not in self._runs:
            return False
        self._rows.add((run, KEPT))
        self._audits.append(audit)
        return True

    async def let_go(self, run: ExecutionId, audit: Audit) -> bool:
        if (run, KEPT) not in self._rows:
            return False
        self._rows.remove((run, KEPT))
        self._audits.append(audit)
        return True

    def tie(self, run: ExecutionRecord) -> None:
        """Write those of a new run. Raises `NotFound` if the run that it takes over from is gone."""
        if run.takes_over is not None:
            if run.takes_over not in self._runs:
                raise NotFound("ExecutionNotFound", f"there is no execution `{run.takes_over}` any more")
            self._rows.add((run.takes_over, run.id))
        if run.parent is not None:
            self._rows.add((run.id, run.parent))

    def read(self, runs: Sequence[ExecutionId]) -> dict[ExecutionId, list[ExecutionId]]:
        """As `holders`."""
        found: dict[ExecutionId, list[ExecutionId]] = {}
        for run, holder in sorted(self._rows):
            if run in runs and (holder == KEPT or holder in self._runs):
                found.setdefault(run, []).append(holder)
        return found

    def remove(self, run: ExecutionId) -> None:
        """Remove all of a run that goes."""
        self._rows = {tie for tie in self._rows if run not in tie}
