"""Planning a backfill: the slots of a launch plan in a range of the past, and what is to become of each."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec
from flyteidl.admin import execution_pb2, launch_plan_pb2, schedule_pb2

from alula.core.compiler.launch_plan import resolve_inputs
from alula.core.engine.records import ExecutionPhase
from alula.core.errors import InvalidInput
from alula.core.ids import EntityId, ExecutionId, backfill_name, is_execution_name, reprocessed_name, scheduled_name
from alula.core.literals.text import preview
from alula.core.policy.backfilling import Rules, SlotState, check_rules, count, is_wanted, slots_between
from alula.core.policy.registration import has_schedule
from alula.core.policy.schedule import Fire, Schedule, schedule_of
from alula.core.policy.schedule_rules import plan_schedule
from alula.server.access import Action
from alula.server.beside import done_beside
from alula.server.identity import Caller
from alula.server.services.launch import target_of
from alula.server.services.messages.names import identifier, not_found
from alula.server.services.platform import Platform
from alula.server.services.projects import require_place
from alula.server.services.schedules import run_request
from alula.server.store.backfill_records import BackfillRecord, SlotRecord
from alula.server.store.entities import EntityRecord
from alula.server.store.executions import EXECUTIONS
from alula.server.store.query import Filter, Query, every
from alula.server.zones import time_us, zone_of

PORTION = 1_000
DAY_US = 24 * 3600 * 1_000_000


class Asked(msgspec.Struct, frozen=True):
    """A backfill that somebody asks for."""

    plan: str
    first: datetime
    """A time without an offset is in the time zone of the schedule."""
    until: datetime | None = None
    """None for now."""
    version: str = ""
    """The version that runs; empty for the active one, else the newest."""
    cron: str = ""
    """The expression that names the slots; empty for the schedule of the plan."""
    kickoff: str = ""
    """The input that gets the time of the slot; empty for that of the schedule, if it names one."""
    rules: Rules = Rules()
    name: str = ""


class Planned(msgspec.Struct, frozen=True):
    """A backfill that has not begun."""

    record: BackfillRecord
    slots: tuple[SlotRecord, ...]
    zone: str
    """The time zone of the schedule; empty for UTC."""
    inputs: dict[str, str]
    """The inputs of the run of its first slot, as people read them."""


class _Found(NamedTuple):
    """The newest run of a slot."""

    run: str
    state: SlotState


def state_by_run(phase: ExecutionPhase) -> SlotState:
    """How far a slot is whose run is in this phase."""
    if not phase.is_terminal:
        return SlotState.RUNNING
    return SlotState.SUCCEEDED if phase is ExecutionPhase.SUCCEEDED else SlotState.FAILED


async def plan_backfill(platform: Platform, caller: Caller, project: str, domain: str, asked: Asked) -> Planned:
    """Work out the slots of a backfill, and what is to become of each. Changes nothing.

    Raises `InvalidInput` code `BadBackfill` for a range or rules that are not possible, `NoSchedule` for a plan without
    a schedule, and as a launch does for inputs that are missing; `NotFound` if there is no such plan.
    """
    await require_place(platform, caller, project, domain, Action.LAUNCH)
    check_rules(asked.rules)
    entity = await _entity(platform, project, domain, asked)
    spec = launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec)
    schedule = _schedule(entity.id, spec, asked.cron)
    followed = await platform.store.schedules.of(project, domain, asked.plan)
    is_followed = followed is not None and followed.plan == entity.id
    zone_name = schedule.zone or (followed.zone if followed and is_followed else platform.zones.get(domain, ""))
    zone, now = zone_of(zone_name), platform.clock()
    first = time_us(asked.first, zone)
    until = now if asked.until is None else time_us(asked.until, zone)
    if first < 0:
        raise InvalidInput("BadBackfill", "the backfill begins before 1970", fix="begin later")
    if until > now:
        raise InvalidInput("BadBackfill", "the backfill ends in the future", fix="a schedule runs what is to come")
    since = followed.since if followed and is_followed else first
    span_s = (until - first) // 1_000_000  # a slot each minute at most
    fires = await done_beside(span_s, slots_between, schedule, first, until, zone, since=since)
    kickoff = asked.kickoff or spec.entity_metadata.schedule.kickoff_time_input_arg
    inputs = await _inputs(platform, caller, entity.id, kickoff, fires[0])
    id = ExecutionId(project, domain, _name(platform, asked.name))
    existing = await _runs_of(platform, entity.id, fires[0].at - DAY_US)
    slots = tuple(_slot(id, entity.id, fire, existing.get(fire.at), asked.rules) for fire in fires)
    record = BackfillRecord(
        id=id,
        plan=entity.id,
        principal=caller.principal,
        created_at=now,
        first=first,
        until=until,
        cron=asked.cron,
        kickoff=kickoff,
        rules=asked.rules,
        counts=count([slot.state for slot in slots]),
    )
    return Planned(record, slots, zone_name, inputs)


async def _entity(platform: Platform, project: str, domain: str, asked: Asked) -> EntityRecord:
    entities = platform.store.entities
    if asked.version:
        record = await entities.get("launch_plan", EntityId(project, domain, asked.plan, asked.version))
    else:
        record = await entities.active_launch_plan(project, domain, asked.plan)
        if record is None:
            named = (("project", project), ("domain", domain), ("name", asked.plan))
            filters = tuple(Filter(field, "eq", (value,)) for field, value in named)
            record = next(iter(await entities.page("launch_plan", Query(limit=1, filters=filters))), None)
    if record is None:
        at = f"@{asked.version}" if asked.version else ""
        raise not_found("launch_plan", f"{project}/{domain}/{asked.plan}{at}", fix="register it, or check its name")
    return record


def _schedule(plan: EntityId, spec: launch_plan_pb2.LaunchPlanSpec, cron: str) -> Schedule:
    if cron:
        return schedule_of(schedule_pb2.Schedule(cron_schedule=schedule_pb2.CronSchedule(schedule=cron)))
    if not has_schedule(spec):
        raise InvalidInput(
            "NoSchedule", f"launch plan `{plan}` has no schedule that names slots", fix="give a cron expression"
        )
    return plan_schedule(spec, plan=plan)


async def _inputs(platform: Platform, caller: Caller, plan: EntityId, kickoff: str, fire: Fire) -> dict[str, str]:
    """The inputs of the run of a slot. Raises `InvalidInput` if it could not start with them."""
    target = await target_of(platform, caller, identifier("launch_plan", plan))
    given = run_request(plan, "", kickoff, fire.planned_for).inputs
    inputs = resolve_inputs(target.expected_inputs, fixed=target.plan.fixed_inputs, given=given)
    return {name: preview(inputs.literals[name]) for name in sorted(inputs.literals)}


async def _runs_of(platform: Platform, plan: EntityId, since: int) -> dict[int, _Found]:
    """The newest run of each slot, of whichever version, among those that were made since a time."""
    conditions = {
        "project": plan.project,
        "domain": plan.domain,
        "launch_plan.project": plan.project,
        "launch_plan.domain": plan.domain,
        "launch_plan.name": plan.name,
        "launch_entity": "launch_plan",
        "mode": str(execution_pb2.ExecutionMetadata.SCHEDULED),
    }
    filters = [Filter(field, "eq", (value,)) for field, value in conditions.items()]
    filters.append(Filter("created_at", "gte", (str(max(0, since)),)))
    query = Query(limit=PORTION, filters=tuple(filters), sort_by="created_at", descending=False)
    found: dict[int, _Found] = {}
    async for run in every(EXECUTIONS, platform.store.executions.page, query):
        at = execution_pb2.ExecutionSpec.FromString(run.spec).metadata.scheduled_at.ToMicroseconds()
        found[at] = _Found(run.id.name, state_by_run(run.phase))
    return found


def _slot(backfill: ExecutionId, plan: EntityId, fire: Fire, found: _Found | None, rules: Rules) -> SlotRecord:
    if found is None:
        return SlotRecord(fire.at, fire.planned_for, scheduled_name(plan, fire.at))
    if is_wanted(found.state, rules.reprocess):
        return SlotRecord(fire.at, fire.planned_for, reprocessed_name(backfill, fire.at))
    return SlotRecord(fire.at, fire.planned_for, found.run, SlotState.THERE)


def _name(platform: Platform, asked: str) -> str:
    if asked and not is_execution_name(asked):
        raise InvalidInput(
            "BadBackfill",
            f"`{asked[:100]}` can't name a backfill",
            fix="use at most 63 lower-case letters, digits and hyphens, a letter first",
        )
    return asked or backfill_name(platform.random_bytes(16))
