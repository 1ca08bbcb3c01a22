"""All that is kept of executions, which the concerns of one execution share."""

from __future__ import annotations

import msgspec

from alula.core.engine.records import AttemptRecord, ItemRecord, NodeRecord, Reason, SignalRecord
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
    reasons: list[Reason] = []
    signals: dict[str, SignalRecord] = {}
    inbox: dict[int, InboxMessage] = {}


Runs = dict[ExecutionId, Run]
