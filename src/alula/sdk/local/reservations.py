"""Results that one attempt of a local run computes while the others that want the same wait for it."""

from __future__ import annotations

from typing import Generic, TypeVar

from alula.core.engine.actions import LookUpCache
from alula.core.engine.records import Released

Run = TypeVar("Run")


class Reservations(Generic[Run]):
    """Who computes what, in a run and those that its launch plan nodes start. A `Run` is one of these."""

    def __init__(self) -> None:
        self._holders: dict[str, tuple[Run, str]] = {}
        """By the digest of the key; a node by its run and its name there."""
        self._waiting: dict[str, list[tuple[Run, LookUpCache]]] = {}

    def take(self, action: LookUpCache, run: Run) -> str:
        """Reserve a result for a node. Empty if it has it now, else the node that has it."""
        holder = self._holders.setdefault(action.key.digest, (run, action.holder))
        return "" if holder == (run, action.holder) else holder[1]

    def wait(self, action: LookUpCache, run: Run) -> bool:
        """Remember that a node waits for a result. False if no other one computes it any more."""
        if self._holders.get(action.key.digest, (run, action.holder)) == (run, action.holder):
            return False
        self._waiting.setdefault(action.key.digest, []).append((run, action))
        return True

    def end(self, released: Released, run: Run) -> list[tuple[Run, LookUpCache]]:
        """End a reservation. Gives the questions that can be answered now."""
        digest = released.key.digest
        if self._holders.get(digest) != (run, released.holder):
            return []
        del self._holders[digest]
        return self._waiting.pop(digest, [])
