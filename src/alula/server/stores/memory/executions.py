"""Executions as a whole."""

from __future__ import annotations

from typing import Any

import msgspec

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.executions import EXECUTIONS, ExecutionRecord, being_removed
from alula.server.store.news import News
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.news import NewsLine
from alula.server.stores.memory.outbox import Outbox
from alula.server.stores.memory.removals import Removals
from alula.server.stores.memory.runs import Run, Runs
from alula.server.stores.memory.ties import Ties
from alula.server.stores.memory.wake_ups import WakeUps
from alula.server.stores.outgoing import launched


class Executions:
    def __init__(
        self,
        runs: Runs,
        audits: Audits,
        ties: Ties,
        removals: Removals,
        outbox: Outbox,
        wake_ups: WakeUps,
        news: NewsLine,
    ) -> None:
        self._runs = runs
        self._audits = audits
        self._ties = ties
        self._removals = removals
        self._outbox = outbox
        self._wake_ups = wake_ups
        self._news = news

    async def create(self, execution: ExecutionRecord, event: bytes, audit: Audit, *, owner: str = "") -> bool:
        return self.launch(execution, event, audit, owner)

    def launch(self, execution: ExecutionRecord, event: bytes, audit: Audit, owner: str = "") -> bool:
        """Create one. False if the id exists."""
        if execution.id in self._runs:
            return False
        if self._removals.is_removing(execution.id):
            raise being_removed(execution.id)
        self._ties.tie(execution)
        record = msgspec.structs.replace(execution, labels=dict(execution.labels), seq=1, takes_over=None, parent=None)
        self._runs[record.id] = Run(record, [event], owner)
        self._audits.append(audit)
        self._outbox.tell(record, [launched(record)])
        self._wake_ups.wake(record.id)
        self._news.tell(News(record.id, 1, record.phase))
        return True

    async def get(self, id: ExecutionId, *, with_values: bool = True) -> ExecutionRecord | None:
        run = self._runs.get(id)
        return None if run is None else msgspec.structs.replace(run.record, **_left_out(with_values=with_values))

    async def page(self, query: Query, *, with_values: bool = False) -> list[ExecutionRecord]:
        page = check(query, EXECUTIONS)
        about_labels = [given for given in page.conditions if given.field in EXECUTIONS.only_filters]
        about_rows = tuple(given for given in page.conditions if given.field in EXECUTIONS.fields)
        page = msgspec.structs.replace(page, conditions=about_rows)
        records = [run.record for run in self._runs.values() if lists.labelled(run.record.labels, about_labels)]
        found = lists.page_of(records, page, EXECUTIONS)
        return [msgspec.structs.replace(record, **_left_out(with_values=with_values)) for record in found]

    async def open_of(self, project: str, domain: str, plan: str, *, limit: int) -> list[ExecutionRecord]:
        found = [
            run.record
            for run in self._runs.values()
            if not run.record.phase.is_terminal
            and run.record.launch_entity == "launch_plan"
            and run.record.launch_plan[:3] == (project, domain, plan)
        ]
        found.sort(key=lambda record: record.created_at)
        return [msgspec.structs.replace(record, **_left_out(with_values=False)) for record in found[:limit]]

    async def set_archived(self, id: ExecutionId, *, archived: bool, audit: Audit) -> bool:
        run = self._runs.get(id)
        if run is None:
            return False
        run.record = msgspec.structs.replace(run.record, archived=archived)
        self._audits.append(audit)
        return True


# `Any`: fields of a record.
def _left_out(*, with_values: bool) -> dict[str, Any]:
    if with_values:
        return {}
    return {"inputs": b"", "user_inputs": b"", "outputs": None, "task_resources": b"", "incarnation": ""}
