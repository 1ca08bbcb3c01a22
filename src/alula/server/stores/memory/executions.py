"""Executions as a whole."""

from __future__ import annotations

import copy

import msgspec

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import EXECUTIONS, ExecutionRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.outbox import Outbox
from alula.server.stores.memory.runs import Run, Runs
from alula.server.stores.memory.wake_ups import WakeUps
from alula.server.stores.outgoing import launched


class Executions:
    def __init__(self, runs: Runs, audits: Audits, outbox: Outbox, wake_ups: WakeUps) -> None:
        self._runs = runs
        self._audits = audits
        self._outbox = outbox
        self._wake_ups = wake_ups

    async def create(self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = "") -> bool:
        if execution.id in self._runs:
            return False
        record = msgspec.structs.replace(execution, labels=dict(execution.labels))
        self._runs[record.id] = Run(record, [event], owner)
        self._audits.append(audit)
        self._outbox.tell(record, [launched(record)])
        self._wake_ups.wake(record.id)
        return True

    async def get(self, id: ExecutionId) -> ExecutionRecord | None:
        run = self._runs.get(id)
        return None if run is None else copy.copy(run.record)

    async def page(self, query: Query, *, with_values: bool = False) -> list[ExecutionRecord]:
        page = check(query, EXECUTIONS)
        about_labels = [given for given in page.conditions if given.field in EXECUTIONS.only_filters]
        about_rows = tuple(given for given in page.conditions if given.field in EXECUTIONS.fields)
        page = msgspec.structs.replace(page, conditions=about_rows)
        records = [run.record for run in self._runs.values() if lists.labelled(run.record.labels, about_labels)]
        left_out = {} if with_values else {"inputs": b"", "user_inputs": b"", "outputs": None}
        left_out |= {} if with_values else {"task_resources": b"", "incarnation": ""}
        found = lists.page_of(records, page, EXECUTIONS)
        return [msgspec.structs.replace(record, **left_out) for record in found]

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool:
        run = self._runs.get(id)
        if run is None:
            return False
        run.record = msgspec.structs.replace(run.record, archived=archived)
        self._audits.append(audit)
        return True
