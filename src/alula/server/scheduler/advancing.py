"""Going on with one backfill: what was decided about its slots is done, one transaction for each run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from flyteidl.admin import launch_plan_pb2

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import AlreadyExists, AlulaError, FailedPrecondition, NotFound
from alula.core.ids import ExecutionId
from alula.core.policy.backfilling import AT_ONCE_MAX, BackfillState, SlotState, Step, next_step
from alula.server.identity import SYSTEM, Caller
from alula.server.services.abort import request_abort
from alula.server.services.backfill_plan import state_by_run
from alula.server.services.launch import create_execution
from alula.server.services.platform import Platform
from alula.server.services.schedules import slot_request
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BackfillRecord, SlotRecord
from alula.server.store.backfills import BackfillStep
from alula.server.store.executions import ExecutionRecord
from alula.server.store.leases import Lease, is_lost
from alula.server.store.query import Filter, Query
from alula.server.store.schedules import Followed, Launch
from alula.server.trouble import passes

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Open:
    """The open runs of a backfill as they were at the last look, and those that were told to end."""

    runs: set[ExecutionId] = field(default_factory=set[ExecutionId])
    aborted: set[ExecutionId] = field(default_factory=set[ExecutionId])


class _Changed(Exception):
    """The backfill was changed since it was read."""


class Advancing:
    """Goes on with one backfill, once."""

    def __init__(self, platform: Platform, lease: Lease, open_runs: Open) -> None:
        self._platform = platform
        self._lease = lease
        self._open = open_runs
        self.started = 0
        """The number of runs that it has started."""

    async def advance(self, record: BackfillRecord) -> None:
        """Note which runs have ended, start those that are next, and note the end of the backfill."""
        with contextlib.suppress(_Changed):
            record = await self._note_ends(record)
            if record.state is BackfillState.CANCELLING:
                await self._abort_open(record)
            record = await self._start_next(record)
            if (end := next_step(record.state, record.counts, record.rules).end) is not None:
                ended = msgspec.structs.replace(record, state=end, ended_at=self._platform.clock())
                await self._note(BackfillStep(record, ended))
                logger.info("backfill %s has ended: %s, %s", record.id, end.name, record.counts)

    async def _note_ends(self, record: BackfillRecord) -> BackfillRecord:
        slots = await self._slots(record, SlotState.RUNNING, AT_ONCE_MAX)
        phases = await self._phases(record, slots)
        self._open.runs = {id for id, phase in phases.items() if not phase.is_terminal}
        after, changed = record, list[SlotRecord]()
        for slot in slots:
            phase = phases.get(_run(record, slot))
            state = SlotState.FAILED if phase is None else state_by_run(phase)
            if state is not SlotState.RUNNING:
                after = _moved(after, slot, state)
                changed.append(_put(slot, state, "its run is gone" if phase is None else ""))
        if changed:
            await self._note(BackfillStep(record, after, changed))
        return after

    async def _phases(self, record: BackfillRecord, slots: Sequence[SlotRecord]) -> dict[ExecutionId, ExecutionPhase]:
        if not slots:
            return {}
        of_slots = (
            Filter("project", "eq", (record.id.project,)),
            Filter("domain", "eq", (record.id.domain,)),
            Filter("name", "value_in", tuple(slot.run for slot in slots)),
        )
        runs = await self._platform.store.executions.page(Query(limit=len(slots), filters=of_slots, sort_by="name"))
        return {run.id: run.phase for run in runs}

    async def _abort_open(self, record: BackfillRecord) -> None:
        for id in self._open.runs - self._open.aborted:
            with contextlib.suppress(NotFound, FailedPrecondition):  # it has ended meanwhile
                await request_abort(self._platform, SYSTEM, id, f"backfill {record.id.name} was cancelled")
            self._open.aborted.add(id)

    async def _start_next(self, record: BackfillRecord) -> BackfillRecord:
        if not _step(record).starts:
            return record
        room = await self._room(record)
        for slot in await self._slots(record, SlotState.WAITING, _step(record, room).starts):
            if not _step(record).starts:
                break
            record = await self._start(record, slot)
        return record

    async def _room(self, record: BackfillRecord) -> int | None:
        """The number of runs that the limit of the launch plan leaves, None if it has none."""
        entity = await self._platform.store.entities.get("launch_plan", record.plan)
        assert entity is not None, "the launch plan of a backfill is registered"
        most = launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec).concurrency_policy.max
        if not most:
            return None
        return most - len(await self._platform.store.executions.open_of(*record.plan[:3], limit=most))

    async def _start(self, record: BackfillRecord, slot: SlotRecord) -> BackfillRecord:
        """Launch the run of a slot and note it, or note why that can't be. Returns the row as it is then."""
        running = BackfillStep(record, _moved(record, slot, SlotState.RUNNING), [_put(slot, SlotState.RUNNING)])

        async def keep(execution: ExecutionRecord, event: bytes, audit: Audit) -> bool:
            return await self._note(running, Launch(execution, event, audit))

        request = slot_request(record.plan, slot.run, record.kickoff, at=slot.at, planned_for=slot.planned_for)
        try:
            await create_execution(self._platform, Caller(record.principal), request, keep=keep)
        except AlreadyExists:
            return await self._settle(record, slot, SlotState.THERE)
        except AlulaError as error:
            if passes(error) or is_lost(error):
                raise
            return await self._settle(record, slot, SlotState.FAILED, f"it could not be started: {error}")
        self._open.runs.add(_run(record, slot))
        self.started += 1
        return running.after

    async def _settle(
        self, record: BackfillRecord, slot: SlotRecord, state: SlotState, detail: str = ""
    ) -> BackfillRecord:
        after = _moved(record, slot, state)
        await self._note(BackfillStep(record, after, [_put(slot, state, detail)]))
        return after

    async def _note(self, step: BackfillStep, launch: Launch | None = None) -> bool:
        """Write a step, with a run if there is one. False if a run of that name exists."""
        outcome = await self._platform.store.backfills.follow(self._lease, step, launch=launch)
        if outcome is Followed.CHANGED:
            raise _Changed
        return outcome is Followed.DONE

    async def _slots(self, record: BackfillRecord, state: SlotState, limit: int) -> list[SlotRecord]:
        """The next slots in a state."""
        if limit < 1:
            return []
        of_state = (Filter("state", "eq", (state.name,)),)
        query = Query(limit=limit, filters=of_state, sort_by="at", descending=record.rules.newest_first)
        return await self._platform.store.backfills.slots(record.id, query)


def _step(record: BackfillRecord, room: int | None = None) -> Step:
    return next_step(record.state, record.counts, record.rules, room=room)


def _moved(record: BackfillRecord, slot: SlotRecord, state: SlotState) -> BackfillRecord:
    return msgspec.structs.replace(record, counts=record.counts.moved(slot.state, state))


def _put(slot: SlotRecord, state: SlotState, detail: str = "") -> SlotRecord:
    return msgspec.structs.replace(slot, state=state, detail=detail)


def _run(record: BackfillRecord, slot: SlotRecord) -> ExecutionId:
    return record.id._replace(name=slot.run)
