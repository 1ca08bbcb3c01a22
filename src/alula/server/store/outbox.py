"""The outbox: what happens to runs, for programs that act on it. Written in the transaction of the commit it tells of.

A program registers as a *consumer*, by name. From then on each commit leaves messages for it. They are claimed, acted
on and acknowledged, which removes them. A claim ends by itself, so that another process gets the messages of one that
died. Each message is delivered at least once; its number tells whether it was seen before.

Messages are claimed in the order of their numbers, and are never asked for by "those after n": numbers become visible
out of order. The numbers of one execution are in its order. So its messages come in order to one process that takes
them alone, under a lease; several that share the work overtake each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.ids import ExecutionId
from alula.server.store.expiring import Expiring
from alula.server.store.leases import Lease

KEEP_US = 7 * 24 * 3600 * 1_000_000


class Consumer(msgspec.Struct, frozen=True):
    """A receiver of messages. All processes that share its work use its `name`."""

    name: str
    nodes: bool = False
    """True if it is told of nodes too, not of runs alone."""
    keep_us: int = KEEP_US
    """The time for which a message may wait, in microseconds. Then the consumer is forgotten, with all its messages."""


class OutboxMessage(msgspec.Struct, frozen=True):
    """A run or a node is in another phase after a commit. All else is in its row, which an end leaves as it is: error,
    outputs or references to them. Phases that were passed within one commit are not told."""

    number: int
    """Set by the store. The same whenever the message is delivered."""
    kind: Literal["run", "node"]
    execution: ExecutionId
    incarnation: str
    """Tells the run from others that have or had its name."""
    node_id: str
    """Empty for a run."""
    phase: int
    """`ExecutionPhase` or `NodePhase`."""
    occurred_at: int

    @property
    def is_end(self) -> bool:
        """True if the run or node has ended."""
        return (ExecutionPhase(self.phase) if self.kind == "run" else NodePhase(self.phase)).is_terminal


class Outbox(Expiring, Protocol):
    """Messages for those that are not registered can be removed."""

    async def register(self, consumer: Consumer) -> bool:
        """Tell it of all that is committed from now on. True if it is new, or was forgotten: it is not told of
        earlier commits. One that is there gets these settings."""
        ...

    async def forget(self, name: str) -> None:
        """Tell it nothing more. Its messages are removed in time (`remove_expired`). Fine if it does not exist."""
        ...

    async def forget_overdue(self, lease: Lease) -> list[str]:
        """Forget those that have left a message for as long as their `keep_us`. Returns their names. Raises
        `FailedPrecondition` code `LeaseLost` as `remove_expired` does."""
        ...

    async def claim(
        self, consumer: str, *, limit: int, lease_us: int, under: Lease | None = None
    ) -> list[OutboxMessage]:
        """The first messages that nobody has claimed. Nobody else gets them for `lease_us`.

        `under`: the lease of a process that takes them alone. Raises `FailedPrecondition` code `LeaseLost`.
        """
        ...

    async def release(self, consumer: str, *, under: Lease) -> None:
        """Give back all claimed messages, whichever process has claimed them. Raises `LeaseLost`, as above."""
        ...

    async def acknowledge(self, consumer: str, numbers: Sequence[int]) -> None:
        """Remove messages that were acted on."""
        ...
