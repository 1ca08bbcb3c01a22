"""The log of each execution, and the commit that writes it with all rows that follow from it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from alula.core.engine.records import Changes
from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.log import Commit, History, Moved
from alula.server.store.news import News
from alula.server.stores.memory import jobs
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.catalog import Catalog
from alula.server.stores.memory.news import NewsLine
from alula.server.stores.memory.outbox import Outbox
from alula.server.stores.memory.reservations import Reservations
from alula.server.stores.memory.runs import Run, Runs
from alula.server.stores.merging import merge, overlay, overlay_item
from alula.server.stores.outgoing import told
from alula.server.stores.portions import number_within


class Log:
    def __init__(
        self,
        runs: Runs,
        audits: Audits,
        catalog: Catalog,
        reservations: Reservations,
        outbox: Outbox,
        news: NewsLine,
    ) -> None:
        self._runs = runs
        self._audits = audits
        self._catalog = catalog
        self._reservations = reservations
        self._outbox = outbox
        self._news = news

    async def commit(self, commits: Sequence[Commit]) -> list[bool]:
        return [self._commit(commit) for commit in commits]

    async def take_in(self, moved: Sequence[Moved], audit: Audit) -> bool:
        ids = [each.record.id for each in moved]
        if len(set(ids)) < len(ids) or any(id in self._runs for id in ids):
            return False
        for each in moved:
            record = msgspec.structs.replace(each.record, labels=dict(each.record.labels))
            run = self._runs[record.id] = Run(record, list(each.events), "")
            for changes in each.changes:
                _apply(run, merge([changes]), record.seq)
            self._news.tell(News(record.id, record.seq, record.phase))
        self._audits.append(audit)
        return True

    async def next_seq(self, execution: ExecutionId) -> int:
        run = self._runs.get(execution)
        return len(run.log) if run else 0

    async def read(self, execution: ExecutionId) -> list[bytes]:
        run = self._runs.get(execution)
        return list(run.log) if run else []

    async def histories(self, executions: Sequence[ExecutionId], *, events_max: int = 50_000) -> list[History | None]:
        found = [self._runs.get(id) for id in executions]
        count = number_within(events_max, [len(run.log) if run is not None else 0 for run in found])
        return [History(run.record, list(run.log), len(run.log)) if run is not None else None for run in found[:count]]

    def _commit(self, commit: Commit) -> bool:
        run = self._runs.get(commit.execution)
        if run is None or len(run.log) != commit.first_seq or commit.owner not in ("", run.owner):
            return False
        if commit.is_end and run.inbox.keys() - commit.consumed:
            return False
        run.log += commit.events
        changes = merge([commit.changes])
        _apply(run, changes, commit.next_seq)
        run.record = msgspec.structs.replace(run.record, seq=commit.next_seq)
        self._catalog.publish(changes.published)
        for released in changes.released:
            self._reservations.let_go(released)
        self._outbox.tell(run.record, told(changes))
        for number in commit.consumed:
            run.inbox.pop(number, None)
        if run.record.phase.is_terminal:
            run.inbox.clear()
        self._audits.append(*commit.audit)
        self._news.tell(commit.news)
        return True


def _apply(run: Run, changes: Changes, seq: int) -> None:
    if changes.execution is not None:
        said = {k: v for k, v in msgspec.structs.asdict(changes.execution).items() if v is not None}
        run.record = msgspec.structs.replace(run.record, **said)
    lay = partial(_lay, run.changed, seq)
    for node in changes.nodes:
        lay("node", run.nodes, node.node_id, node, overlay)
    for attempt in changes.attempts:
        lay("attempt", run.attempts, (attempt.node_id, attempt.attempt), attempt, overlay)
    for item in changes.items:
        lay("item", run.items, (item.node_id, item.index), item, overlay_item)
    for signal in changes.signals:
        lay("signal", run.signals, signal.signal_id, signal, overlay)
    jobs.write(run, changes.jobs)
    run.reasons += changes.reasons


Key = TypeVar("Key")
Row = TypeVar("Row", bound=msgspec.Struct)


def _lay(
    changed: dict[tuple[str, object], int],
    seq: int,
    kind: str,
    rows: dict[Key, Row],
    key: Key,
    newer: Row,
    combine: Callable[[Row, Row], Row],
) -> None:
    older = rows.get(key)
    laid = newer if older is None else combine(older, newer)
    if laid is not older:
        rows[key] = copy.copy(laid)
        changed[kind, key] = seq
