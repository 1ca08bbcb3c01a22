"""Schedules of active launch plans: to look at them, to pause them, and to start a run at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2

from alula.core.errors import InvalidInput, NotFound, Unavailable
from alula.core.ids import EntityId, ExecutionId, Place, scheduled_name
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.launch import create_execution
from alula.server.services.messages.names import execution_id, identifier
from alula.server.services.platform import Platform
from alula.server.services.scheduled_plans import ScheduledPlan, scheduled_plan
from alula.server.store.query import Filter, Query
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.zones import time_us

PAGE_MAX = 1000
TRIES = 10
"""A row that the scheduler changes meanwhile is read again."""
State = Literal["ACTIVE", "WAITING", "PAUSED", "ENDED"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def list_schedules(
    platform: Platform, caller: Caller, project: str, domain: str, *, limit: int = 100, offset: int = 0
) -> list[ScheduleRecord]:
    """The schedules of a place, by name."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput("BadPage", f"a page has 1 to {PAGE_MAX} schedules, not {limit}")
    of_place = (Filter("project", "eq", (project,)), Filter("domain", "eq", (domain,)))
    query = Query(limit=limit, offset=offset, filters=of_place, sort_by="name", descending=False)
    return await platform.store.schedules.page(query)


async def get_schedule(platform: Platform, caller: Caller, project: str, domain: str, name: str) -> ScheduleRecord:
    """The schedule of a launch plan. Raises `NotFound` if no version is active, or the active one has none."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    return await _read(platform, project, domain, name)


async def pause_schedule(platform: Platform, caller: Caller, project: str, domain: str, name: str) -> ScheduleRecord:
    """Start no run by the clock until the schedule is resumed; the plan stays active. Raises as `get_schedule`."""
    await platform.require(caller, Place(project, domain), Action.REGISTER)
    return await _change(
        platform, caller, (project, domain, name), "pause", lambda record, _: _paused(platform, record)
    )


async def resume_schedule(platform: Platform, caller: Caller, project: str, domain: str, name: str) -> ScheduleRecord:
    """Follow a schedule again, from now on: the fires of the pause are not made up for. Raises as `get_schedule`."""
    await platform.require(caller, Place(project, domain), Action.REGISTER)
    return await _change(
        platform, caller, (project, domain, name), "resume", lambda record, plan: _resumed(platform, record, plan)
    )


async def trigger_schedule(
    platform: Platform, caller: Caller, project: str, domain: str, name: str, *, at: datetime | None = None
) -> ExecutionId:
    """Start a run of the active version at once, on behalf of the caller and beside the schedule. `at` is the time that
    it is about, in the time zone of the schedule if it has no offset; None for now. Raises as `get_schedule` and
    `create_execution`."""
    await platform.require(caller, Place(project, domain), Action.LAUNCH)
    record = await _read(platform, project, domain, name)
    plan = await _plan(platform, record)
    about = platform.clock() if at is None else time_us(at, plan.zone)
    request = run_request(plan.id, "", plan.kickoff, about)
    return execution_id(await create_execution(platform, caller, request))


def run_request(plan: EntityId, name: str, kickoff: str, planned_for: int) -> execution_pb2.ExecutionCreateRequest:
    """The launch of a run that is about a time."""
    request = execution_pb2.ExecutionCreateRequest(project=plan.project, domain=plan.domain, name=name)
    request.spec.launch_plan.CopyFrom(identifier("launch_plan", plan))
    if kickoff:
        value = literals_pb2.Literal()
        value.scalar.primitive.datetime.FromMicroseconds(planned_for)
        request.inputs.literals[kickoff].CopyFrom(value)
    return request


def slot_request(
    plan: EntityId, name: str, kickoff: str, *, at: int, planned_for: int
) -> execution_pb2.ExecutionCreateRequest:
    """The launch of the run of a time that a schedule names."""
    request = run_request(plan, name, kickoff, planned_for)
    request.spec.metadata.mode = execution_pb2.ExecutionMetadata.SCHEDULED
    request.spec.metadata.scheduled_at.FromMicroseconds(at)
    return request


def state_of(record: ScheduleRecord) -> State:
    """What a schedule does now."""
    if record.paused_at is not None:
        return "PAUSED"
    if record.waiting:
        return "WAITING"
    return "ACTIVE" if record.due_at is not None else "ENDED"


def last_run(record: ScheduleRecord) -> str:
    """The name of the run that it started last; empty if there is none."""
    return "" if record.last_at is None else scheduled_name(record.plan, record.last_at)


async def _change(
    platform: Platform,
    caller: Caller,
    name: tuple[str, str, str],
    action: str,
    changed: Callable[[ScheduleRecord, ScheduledPlan], ScheduleRecord],
) -> ScheduleRecord:
    for _ in range(TRIES):
        before = await _read(platform, *name)
        after = changed(before, await _plan(platform, before))
        if after == before:
            return before
        plan = before.plan
        audit = platform.audit(
            caller, action, f"schedule of launch plan {plan}", project=plan.project, domain=plan.domain
        )
        if await platform.store.schedules.pause(before, after, audit):
            return after
    raise Unavailable("ScheduleBusy", f"the schedule of launch plan `{name[2]}` changes all the time", fix="try again")


def _paused(platform: Platform, record: ScheduleRecord) -> ScheduleRecord:
    if record.paused_at is not None:
        return record
    return msgspec.structs.replace(record, paused_at=platform.clock(), due_at=None)


def _resumed(platform: Platform, record: ScheduleRecord, plan: ScheduledPlan) -> ScheduleRecord:
    if record.paused_at is None:
        return record
    now = platform.clock()
    until = max(record.followed_until, now)  # a scheduler whose clock was ahead has dealt with later ones
    upcoming = plan.next_after(until, since=record.since)
    due_at = upcoming.due_at if upcoming is not None else None
    return msgspec.structs.replace(
        record, paused_at=None, followed_until=until, due_at=now if record.waiting else due_at
    )


async def _read(platform: Platform, project: str, domain: str, name: str) -> ScheduleRecord:
    record = await platform.store.schedules.of(project, domain, name)
    if record is None:
        raise NotFound(
            "NoSchedule",
            f"no version of launch plan `{name}` in {project}/{domain} is active with a schedule",
            fix=f"`alula schedule activate {name}` activates the newest",
        )
    return record


async def _plan(platform: Platform, record: ScheduleRecord) -> ScheduledPlan:
    entity = await platform.store.entities.get("launch_plan", record.plan)
    plan = scheduled_plan(entity, record.zone) if entity is not None else None
    assert plan is not None, "a launch plan with a schedule is registered"
    return plan
