"""Ends of runs as causes: what waits for one is started. A consumer of the outbox.

It hears of each end at least once, and each starts a run once (`services/firing`). It is registered only while a
trigger waits for runs: without one, commits leave no messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import literals_pb2

from alula.core.engine.records import ExecutionPhase
from alula.core.ids import EntityId
from alula.core.policy.triggering import EndedRun, RunTrigger, end_text, inputs_after, trigger_of, watched
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services import values
from alula.server.services.firing import Cause, chain_of, fire
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord
from alula.server.store.news import News
from alula.server.store.outbox import OutboxMessage
from alula.server.store.query import Filter, Query
from alula.server.store.trigger_records import TriggerRecord
from alula.server.trouble import passes


class RunEnds:
    """Starts what waits for the ends of runs."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def is_wanted(self) -> bool:
        """True if a trigger waits for runs."""
        of_runs = Query(limit=1, filters=(Filter("kind", "eq", ("run",)),))
        return bool(await self._platform.store.triggers.page(of_runs))

    @staticmethod
    def concerns(news: News) -> bool:
        """True if a run has ended."""
        return news.phase is not None and news.phase.is_terminal

    async def hear(self, messages: Sequence[OutboxMessage]) -> None:
        """Act on messages of the outbox."""
        for message in messages:
            if message.kind == "run" and message.is_end:
                await self._ended(message)

    async def _ended(self, message: OutboxMessage) -> None:
        run = await self._platform.store.executions.get(message.execution, with_values=False)
        if run is None:
            return
        waiting = await self._platform.store.triggers.watching(_watched(run))
        if not waiting:
            return
        run = await self._platform.store.executions.get(message.execution)
        if run is None or run.incarnation != message.incarnation:
            return
        for record in waiting:
            trigger = await self._trigger(record)
            if run.phase.name in trigger.phases:
                await self._fire(record, trigger, run)

    async def _fire(self, record: TriggerRecord, trigger: RunTrigger, run: ExecutionRecord) -> None:
        phase = ExecutionPhase(run.phase).name

        async def inputs() -> literals_pb2.LiteralMap:
            await self._platform.require(Caller(record.principal), run.id.place, Action.VIEW)
            return inputs_after(trigger, EndedRun(run.id, phase, await self._outputs(run, record.plan)))

        text, chain = end_text(run.id, phase), await chain_of(self._platform, run)
        cause = Cause(f"run {run.id}/{run.incarnation}", text, chain, run.id)
        try:
            await fire(self._platform, record, cause, inputs)
        except Exception as error:
            if passes(error):
                raise
            # It is noted, or concerns nobody any more, and must not hold up other causes.

    async def _outputs(self, run: ExecutionRecord, plan: EntityId) -> literals_pb2.LiteralMap:
        """The outputs of a run, as a run of the plan can read them: references to values are good in one place."""
        outputs = run.outputs or b""
        if run.id.place != plan.place:
            outputs = await values.whole(self._platform.blobs, run.id, outputs)
        return literals_pb2.LiteralMap.FromString(outputs)

    async def _trigger(self, record: TriggerRecord) -> RunTrigger:
        entity = await self._platform.store.entities.get("launch_plan", record.plan)
        assert entity is not None, "the launch plan of a trigger is registered"
        trigger = trigger_of(launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec))
        assert isinstance(trigger, RunTrigger), "it waits for runs"
        return trigger


def _watched(run: ExecutionRecord) -> list[str]:
    """The workflow of a run, and its launch plan if it is of one, as triggers name them."""
    found = [watched("workflow", *run.workflow[:3])]
    if run.launch_entity == "launch_plan":
        found.append(watched("launch_plan", *run.launch_plan[:3]))
    return found
