"""Rows as a store makes them of what the engine says: each field the last that was said of it."""

from __future__ import annotations

from typing import Any

import msgspec

from alula.core.engine.records import Changes, NodePhase


class Rows:
    """Rows by what they are about, each field the last that was said of it."""

    def __init__(self) -> None:
        self.of: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.reasons: list[Any] = []
        self.published: list[Any] = []
        self.began: dict[str, int] = {}
        """When each node began and succeeded, by how many changes of nodes there were before."""
        self.succeeded: dict[str, int] = {}
        self._changes = 0

    def lay(self, changes: Changes) -> None:
        if changes.execution is not None:
            self.over(("execution",), changes.execution)
        for row in changes.nodes:
            self._changes += 1
            self.began.setdefault(row.node_id, self._changes)
            if row.phase in (NodePhase.SUCCEEDED, NodePhase.RECOVERED):
                self.succeeded[row.node_id] = self._changes
            self.over(("node", row.node_id), row)
        for row in changes.attempts:
            self.over(("attempt", row.node_id, row.attempt), row)
        for row in changes.signals:
            self.over(("signal", row.signal_id), row)
        for row in changes.items:
            key = ("item", row.node_id, row.index)
            if key in self.of and self.of[key]["attempt"] != row.attempt:
                del self.of[key]
            self.over(key, row)
        self.reasons += changes.reasons
        self.published += changes.published

    def over(self, key: tuple[Any, ...], row: msgspec.Struct) -> None:
        said = {name: value for name, value in msgspec.structs.asdict(row).items() if value is not None}
        self.of.setdefault(key, {}).update(said)
