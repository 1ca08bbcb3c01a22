"""The inbox of each execution."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from alula.core.ids import ExecutionId
from alula.server.store.audits import Audit
from alula.server.store.inbox import InboxMessage
from alula.server.stores.addressee import check_addressee, check_unanswered
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.runs import Runs
from alula.server.stores.memory.wake_ups import WakeUps


class Inbox:
    def __init__(self, runs: Runs, audits: Audits, wake_ups: WakeUps) -> None:
        self._runs = runs
        self._audits = audits
        self._wake_ups = wake_ups
        self._last = 0

    async def post(self, execution: ExecutionId, event: bytes, audit: Audit, *, answers: str = "") -> None:
        run = self._runs.get(execution)
        check_addressee(execution, run.record.phase if run is not None else None)
        assert run is not None
        if answers:
            mail = (message.event for message in run.inbox.values())
            check_unanswered(execution, answers, run.signals.get(answers), mail)
        self._last += 1
        run.inbox[self._last] = InboxMessage(self._last, execution, event)
        self._audits.append(audit)
        self._wake_ups.wake(execution)

    async def read(self, executions: Sequence[ExecutionId]) -> list[InboxMessage]:
        runs = [self._runs[id] for id in dict.fromkeys(executions) if id in self._runs]
        return sorted((message for run in runs for message in run.inbox.values()), key=attrgetter("number"))
