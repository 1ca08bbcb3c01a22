"""Ties of runs: which run stays for as long as another is there, or until somebody lets it go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit

KEPT = ExecutionId("", "", "")
"""Stands for the person that keeps a run, in the place of a run that needs it."""


class Ties(Protocol):
    """Those between runs are written when a run is created (`ExecutionRecord.takes_over`, `parent`)."""

    async def holders(self, runs: Sequence[ExecutionId]) -> dict[ExecutionId, list[ExecutionId]]:
        """The runs that are there and need one of these, with `KEPT` among them; runs that nothing holds are left
        out."""
        ...

    async def keep(self, run: ExecutionId, audit: Audit) -> bool:
        """Have a run stay until it is let go of; fine if it stays already. False if there is no such run."""
        ...

    async def let_go(self, run: ExecutionId, audit: Audit) -> bool:
        """Have it stay no longer for that reason. False if nobody keeps it."""
        ...
