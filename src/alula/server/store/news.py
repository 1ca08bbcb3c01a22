"""News of executions: which one has changed, how far its log is, and which of its nodes it concerns.

News is a hint for those that watch. It comes after each commit of any process, and may come twice; the store is the
truth.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import ExecutionId


class News(msgspec.Struct, frozen=True):
    """Something of an execution has changed and is durable."""

    execution: ExecutionId
    seq: int
    """The number of events that its log has then."""
    phase: ExecutionPhase | None = None
    """None if it is the same as before."""
    nodes: frozenset[str] | None = frozenset()
    """Nodes that changed, with their attempts, items and signals; None if they are too many to name."""

    def after(self, before: News) -> News:
        """Both as one: `self` came later."""
        of_either = None if self.nodes is None or before.nodes is None else self.nodes | before.nodes
        phase = before.phase if self.phase is None else self.phase
        return News(self.execution, max(self.seq, before.seq), phase, of_either)


Heard = Callable[[News], None]
Missed = Callable[[], None]
"""News of any executions may have been lost."""
