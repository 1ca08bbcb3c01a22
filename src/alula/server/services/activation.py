"""Making one version of a launch plan the active one, or none."""

from __future__ import annotations

from collections.abc import Mapping

from flyteidl.admin import launch_plan_pb2

from alula.core.errors import FailedPrecondition
from alula.core.ids import Place
from alula.core.policy.triggering import RunTrigger, Trigger, WebhookTrigger, trigger_of
from alula.core.policy.watching import ObjectTrigger
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.entities import require_entity
from alula.server.services.messages.names import entity_id
from alula.server.services.platform import Platform
from alula.server.services.scheduled_plans import scheduled_plan
from alula.server.services.watching import require_watchable
from alula.server.store.entities import EntityRecord
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.trigger_records import TriggerKind, TriggerRecord

_KINDS: Mapping[type[Trigger], TriggerKind] = {RunTrigger: "run", WebhookTrigger: "webhook", ObjectTrigger: "object"}


async def update_launch_plan(
    platform: Platform, caller: Caller, request: launch_plan_pb2.LaunchPlanUpdateRequest
) -> None:
    """Activate (every other version of the name stops being active) or deactivate.

    The schedule and the trigger of a version that becomes active are followed from now on, on behalf of `caller`.
    Raises `NotFound`, and `FailedPrecondition` for a schedule that has ended.
    """
    id = entity_id(request.id)
    active = request.state == launch_plan_pb2.ACTIVE
    record = await require_entity(platform, caller, "launch_plan", id, Action.REGISTER)
    audit = platform.audit(
        caller,
        "activate" if active else "deactivate",
        f"launch plan {id}",
        project=id.project,
        domain=id.domain,
    )
    schedule = _schedule(platform, caller, record) if active else None
    trigger = await _trigger(platform, caller, record) if active else None
    await platform.store.entities.set_launch_plan_active(
        id, active=active, audit=audit, schedule=schedule, trigger=trigger
    )


def _schedule(platform: Platform, caller: Caller, record: EntityRecord) -> ScheduleRecord | None:
    plan, now = scheduled_plan(record, platform.zones.get(record.id.domain, "")), platform.clock()
    if plan is None:
        return None
    first = plan.next_after(now, since=now)
    if first is None:
        raise FailedPrecondition("ScheduleEnded", f"the schedule of launch plan `{record.id}` names no time any more")
    return ScheduleRecord(
        record.id, caller.principal, since=now, followed_until=now, due_at=first.due_at, zone=plan.zone_name
    )


async def _trigger(platform: Platform, caller: Caller, record: EntityRecord) -> TriggerRecord | None:
    trigger = trigger_of(launch_plan_pb2.LaunchPlanSpec.FromString(record.spec))
    if trigger is None:
        return None
    if isinstance(trigger, RunTrigger):
        of_runs = Place(trigger.project or record.id.project, trigger.domain or record.id.domain)
        await platform.require(caller, of_runs, Action.VIEW)
    elif isinstance(trigger, ObjectTrigger):
        await require_watchable(platform, caller, record.id, trigger)
    elif not platform.triggers.keys_of(trigger.secret):
        known = ", ".join(secret.name for secret in platform.triggers.secrets) or "none"
        raise FailedPrecondition(
            "UnknownSecret",
            f"the platform does not have secret `{trigger.secret}`, which the trigger of `{record.id}` names",
            fix=f"the settings have {known} in `triggers.secrets`",
        )
    kind = _KINDS[type(trigger)]
    return TriggerRecord(record.id, caller.principal, platform.clock(), kind, trigger.watched(record.id))
