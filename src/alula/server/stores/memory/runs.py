"""All that is kept of executions, which the concerns of one execution share."""

from __future__ import annotations

import msgspec

from alula.core.engine.records import AttemptRecord, ItemRecord, JobRecord, NodeRecord, Reason, SignalRecord
from alula.core.ids import ExecutionId
from alula.server.store.executions import ExecutionRecord
from alula.server.store.inbox import InboxMessage


class Run(msgspec.Struct):
    """All that is kept of one execution."""

    record: ExecutionRecord
    log: list[bytes]
    owner: str
    nodes: dict[str, NodeRecord] = {}
    attempts: dict[tuple[str, int], AttemptRecord] = {}
    items: dict[tuple[str, int], ItemRecord] = {}
    jobs: dict[tuple[str, int, int], JobRecord] = {}
    reasons: list[Reason] = []
    signals: dict[str, SignalRecord] = {}
    changed: dict[tuple[str, object], int] = {}
    """By kind and key of a row, the number of events that the log had when it last changed."""
    inbox: dict[int, InboxMessage] = {}

    def has_changed(self, kind: str, key: object, since: int) -> bool:
        """True if a row changed after the log had `since` events; with 0 always."""
        return not since or self.changed[kind, key] > since


Runs = dict[ExecutionId, Run]
