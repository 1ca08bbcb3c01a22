"""What was really done: every start and end of an attempt, on every host, as the executors saw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from alula.core.ids import AttemptId


@dataclass
class Ledger:
    """`on_start` is called for each start, while it can still be asked what is durable."""

    on_start: Callable[[AttemptId, str], None]
    starts: Counter[AttemptId] = field(default_factory=Counter)
    killed: Counter[AttemptId] = field(default_factory=Counter)
    """Times that an attempt ended with its machine, or because somebody stopped it, or left nothing that can be found:
    times that it may have to start again."""
    running: set[tuple[AttemptId, str]] = field(default_factory=set)

    def started(self, attempt: AttemptId, host: str) -> None:
        self.on_start(attempt, host)
        self.starts[attempt] += 1
        self.running.add((attempt, host))

    def ended(self, attempt: AttemptId, host: str, how: str) -> None:
        self.running.discard((attempt, host))
        if how in ("died", "cancelled", "vanished", "removed"):
            self.killed[attempt] += 1
