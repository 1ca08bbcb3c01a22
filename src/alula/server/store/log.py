"""The log of each execution, and the commit that writes it with all rows that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from alula.core.engine.records import Changes, ExecutionPhase
from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import ExecutionRecord
from alula.server.store.news import News


class History(msgspec.Struct, frozen=True):
    """An execution with all its events, from which its state is made."""

    record: ExecutionRecord
    log: list[bytes]
    """All events, in order."""
    next_seq: int
    """The number of its next event: that of the events, where none is missing."""


class Commit(msgspec.Struct, frozen=True):
    """New events of one execution, from `first_seq` on, the rows that follow from them, and the messages consumed."""

    execution: ExecutionId
    first_seq: int
    events: Sequence[bytes]
    changes: Changes
    consumed: Sequence[int] = ()
    audit: Sequence[Audit] = ()
    owner: str = ""
    """The runner that commits, fenced off as soon as another claims the execution. Not checked when empty."""

    @property
    def next_seq(self) -> int:
        """The number of events that the log has then."""
        return self.first_seq + len(self.events)

    @property
    def news(self) -> News:
        """What watchers of the execution hear of it."""
        changes = self.changes
        rows = (*changes.nodes, *changes.attempts, *changes.items, *changes.signals)
        phase = None if changes.execution is None else changes.execution.phase
        return News(self.execution, self.next_seq, phase, frozenset({row.node_id for row in rows}))

    @property
    def is_end(self) -> bool:
        """True if the execution ends with it, other than by an abort."""
        change = self.changes.execution
        return change is not None and change.phase.is_terminal and not self.is_abort

    @property
    def is_abort(self) -> bool:
        """True if it aborts the execution."""
        change = self.changes.execution
        return change is not None and change.phase is ExecutionPhase.ABORTED


class Moved(msgspec.Struct, frozen=True):
    """An execution that has ended at another platform, whole. Its parts may be read several times, in a thread of the
    store."""

    record: ExecutionRecord
    """As it ended. `seq` is the number of its events."""
    events: Iterable[bytes]
    """All of them, in order."""
    changes: Iterable[Changes]
    """Its nodes, attempts, items, signals and reasons, in portions. All else in them is left out."""


class Log(Protocol):
    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Append and merge, all in one transaction where none is fenced off.

        False for a commit whose `first_seq` is not the next number of its log, or whose `owner` is not the
        owner any more: nothing of it was kept, its runner has lost the execution; the others are kept. False as well
        for one that ends its execution, not by an abort, while there is mail that it does not consume: the owner has
        yet to read it, and an abort that was acknowledged is not followed by a success. An abort removes all
        mail of the execution.
        After `Unavailable` the outcome is not known: read the log again.
        """
        ...

    async def take_in(self, moved: Sequence[Moved], audit: Audit) -> bool:
        """Keep executions that have ended elsewhere, all in one transaction. No runner claims them, and no consumer is
        told of them. False, with nothing kept, if one of the ids exists."""
        ...

    async def next_seq(self, execution: ExecutionId) -> int:
        """The number of the next event of its log; 0 where there is no such execution."""
        ...

    async def read(self, execution: ExecutionId) -> list[bytes]:
        """All events, in order."""
        ...

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        """The histories of the first of these, in their order; None for one that does not exist.

        At least one, and no more than have `events_max` events together.
        """
        ...
