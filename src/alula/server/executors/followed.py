"""One attempt that an executor follows, and what it tells of it."""

from __future__ import annotations

import time
from typing import Literal

from alula.server.executor import AttemptSpec, AttemptUpdate, Sink
from alula.server.executors.progress import Runs, Waits


class Taken(Exception):
    """A greater claim has an attempt that was submitted."""

    def __init__(self, claim: int) -> None:
        super().__init__(f"the claim {claim} has it")
        self.claim = claim


class Followed:
    """Followed until it is let go of: cancelled, released or acknowledged. After that nothing is told of it."""

    def __init__(self, spec: AttemptSpec, sink: Sink) -> None:
        self.spec = spec
        self.is_followed = True
        self.end: AttemptUpdate | None = None
        """As it was told, until it is acknowledged."""
        self._latest = AttemptUpdate(spec.id, 0, "")
        """As it was told of last, before its end."""
        self._sink = sink

    @property
    def has_run(self) -> bool:
        return self._latest.phase == "RUNNING"

    @property
    def state(self) -> Literal["waits", "runs", "ended"]:
        """How far it is, for figures."""
        if self.end is not None:
            return "ended"
        return "runs" if self.has_run else "waits"

    def tell_wait(self, waits: Waits) -> None:
        """Tell what it waits for, if that is news."""
        if not self.has_run and (waits.phase, waits.reason) != (self._latest.phase, self._latest.reason):
            self._tell(AttemptUpdate(self.spec.id, waits.at, waits.phase, reason=waits.reason))

    def tell_run(self, runs: Runs) -> None:
        """Tell that it runs, once."""
        if not self.has_run:
            self._tell(AttemptUpdate(self.spec.id, runs.at, "RUNNING", where=runs.where, info=runs.info))

    def tell_end(self, end: AttemptUpdate) -> None:
        if self.is_followed:
            self.end = end
            self._sink(end)

    def tell_end_again(self) -> None:
        if self.end is not None:
            self.tell_end(self.end)

    def tell_taken(self, claim: int) -> None:
        """Tell that a greater claim has it. It is let go of before: the same attempt may be submitted again."""
        self._sink(AttemptUpdate(self.spec.id, now_us(), "TAKEN", claim=claim))

    def let_go(self) -> None:
        self.is_followed = False

    def _tell(self, update: AttemptUpdate) -> None:
        """Tell how far it is, if that is news."""
        if self.is_followed and update != self._latest:
            self._latest = update
            self._sink(update)


def now_us() -> int:
    return time.time_ns() // 1000
