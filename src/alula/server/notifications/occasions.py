"""Occasions: what happened to a run or a schedule becomes notices, one for each receiver.

A consumer of the outbox, which tells of each phase at least once. The id of a notice follows from rule, channel and
occasion, so it is kept once however often its occasion is told. Nothing is sent here: a run's commit waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from flyteidl.admin import execution_pb2

from alula.core.engine.records import ExecutionPhase, NodePhase
from alula.core.ids import EntityId, Place
from alula.core.policy.notifying import Occasion, Rule, occasions_of
from alula.server.notifications.options import NotificationOptions
from alula.server.services.notices import Body, notice_of
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord
from alula.server.store.notices import Notice, NoticeState
from alula.server.store.outbox import OutboxMessage
from alula.server.store.query import Filter, Query

HOUR_US = 3600_000_000
MAIL = "email"
OF_THE_RUN = "of the run"
"""The name under which notifications that a run or its launch plan asks for are kept."""
_ENDS = tuple(phase.name for phase in ExecutionPhase if phase.is_terminal)


class Occasions:
    """Keeps notices for what it is told of."""

    def __init__(self, platform: Platform, options: NotificationOptions) -> None:
        self._platform = platform
        self._options = options

    @property
    def wants_nodes(self) -> bool:
        """True if a rule is about gates."""
        return any("GATE" in rule.on for rule in self._options.rules)

    async def hear(self, messages: Sequence[OutboxMessage]) -> None:
        """Act on messages of the outbox."""
        for message in messages:
            if message.kind == "run" and message.is_end:
                await self._ended(message)
            elif message.kind == "node" and message.phase == NodePhase.RUNNING:
                await self._waits(message)

    async def skipped(self, plan: EntityId, text: str, at: int) -> None:
        """Fires of a schedule were skipped."""
        body = Body("MISSED", at, text=f"launch plan {plan}: {text}")
        fitting = [
            rule
            for rule in self._options.rules
            if "MISSED" in rule.on and rule.fits(plan.project, plan.domain, workflow="", launch_plan=plan.name)
        ]
        await self._keep(fitting, plan.project, plan.domain, f"launch plan {plan}", body, key=text)

    async def late(self, record: ExecutionRecord, rule: Rule) -> None:
        """A run goes on for longer than a rule has it."""
        if _fits(rule, record):
            await self._keep_of_run([rule], record, Body("LATE", self._platform.clock(), record.id), rule.name)

    async def _ended(self, message: OutboxMessage) -> None:
        record = await self._platform.store.executions.get(message.execution)
        if record is None or record.incarnation != message.incarnation or not record.phase.is_terminal:
            return
        fitting = [rule for rule in self._options.rules if _fits(rule, record)]
        needs_before = any(each in rule.on for rule in fitting for each in ("FIRST_FAILURE", "RECOVERED"))
        found = occasions_of(record.phase.name, await self._phase_before(record) if needs_before else record.phase.name)
        for rule in fitting:
            occasion: Occasion | None = next((each for each in reversed(found) if each in rule.on), None)
            if occasion is not None:
                body = Body(occasion, message.occurred_at, record.id)
                await self._keep_of_run([rule], record, body, record.incarnation)
        await self._tell_of_run(record, found[0], message)

    async def _tell_of_run(self, record: ExecutionRecord, occasion: Occasion, message: OutboxMessage) -> None:
        """Flyte's own notifications, which the run brings along: all of them are mail."""
        spec = execution_pb2.ExecutionSpec.FromString(record.spec)
        to: dict[str, None] = {}
        for each in spec.notifications.notifications:
            if record.phase in each.phases:
                kind = each.WhichOneof("type")
                to.update(dict.fromkeys(getattr(each, kind).recipients_email if kind else ()))
        if spec.disable_all or not to:
            return
        body = Body(occasion, message.occurred_at, record.id, to=tuple(to))
        await self._platform.store.notices.add(
            [self._notice(OF_THE_RUN, MAIL, record.id.place, f"execution {record.id}", body, record.incarnation)]
        )

    async def _waits(self, message: OutboxMessage) -> None:
        rules = [rule for rule in self._options.rules if "GATE" in rule.on]
        signals = await self._platform.store.signals.page(message.execution, Query(limit=1000))
        asked = [each for each in signals if each.node_id == message.node_id and each.value is None]
        record = await self._platform.store.executions.get(message.execution) if asked else None
        if record is None or record.incarnation != message.incarnation:
            return
        body = Body("GATE", message.occurred_at, record.id, node_id=message.node_id, text=asked[0].signal_id)
        fitting = [rule for rule in rules if _fits(rule, record)]
        await self._keep_of_run(fitting, record, body, f"{record.incarnation}/{message.node_id}")

    async def _phase_before(self, record: ExecutionRecord) -> str:
        """The phase of the last run of the workflow that began before this one and has ended."""
        filters = (
            Filter("project", "eq", (record.id.project,)),
            Filter("domain", "eq", (record.id.domain,)),
            Filter("workflow.name", "eq", (record.workflow.name,)),
            Filter("created_at", "lt", (str(record.created_at),)),
            Filter("phase", "value_in", _ENDS),
        )
        found = await self._platform.store.executions.page(Query(limit=1, filters=filters))
        return found[0].phase.name if found else ""

    async def _keep_of_run(self, rules: Sequence[Rule], record: ExecutionRecord, body: Body, key: str) -> None:
        await self._keep(rules, record.id.project, record.id.domain, f"execution {record.id}", body, key=key)

    async def _keep(
        self, rules: Iterable[Rule], project: str, domain: str, subject: str, body: Body, *, key: str
    ) -> None:
        for rule in rules:
            for channel in rule.channels:
                notice = self._notice(rule.name, channel, Place(project, domain), subject, body, key)
                if await self._is_too_much(rule, channel):
                    notice = msgspec.structs.replace(notice, state=NoticeState.LIMITED, due_at=None)
                await self._platform.store.notices.add([notice])

    def _notice(self, rule: str, channel: str, place: Place, subject: str, body: Body, key: str) -> Notice:
        return notice_of(rule, channel, place, subject, body, key=key, now=self._platform.clock())

    async def _is_too_much(self, rule: Rule, channel: str) -> bool:
        since = str(self._platform.clock() - HOUR_US)
        filters = (
            Filter("rule", "eq", (rule.name,)),
            Filter("channel", "eq", (channel,)),
            Filter("created_at", "gt", (since,)),
            Filter("state", "ne", (NoticeState.LIMITED.name,)),
        )
        found = await self._platform.store.notices.page(Query(limit=rule.hourly_max, filters=filters))
        return len(found) >= rule.hourly_max


def _fits(rule: Rule, record: ExecutionRecord) -> bool:
    plan = record.launch_plan.name if record.launch_entity == "launch_plan" else ""
    return rule.fits(
        record.id.project, record.id.domain, workflow=record.workflow.name, launch_plan=plan, labels=record.labels
    )
