"""Making one version of a launch plan the active one, or none."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2

from alula.core.errors import FailedPrecondition
from alula.core.policy.registration import has_schedule
from alula.core.policy.schedule import schedule_of
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.entities import require_entity
from alula.server.services.messages.names import entity_id
from alula.server.services.platform import Platform
from alula.server.store.entities import EntityRecord
from alula.server.store.schedules import ScheduleRecord
from alula.server.zones import zone_of


async def update_launch_plan(
    platform: Platform, caller: Caller, request: launch_plan_pb2.LaunchPlanUpdateRequest
) -> None:
    """Activate (every other version of the name stops being active) or deactivate.

    The schedule of a version that becomes active is followed from now on, on behalf of `caller`. Raises `NotFound`, and
    `FailedPrecondition` for a schedule that has ended.
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
    await platform.store.entities.set_launch_plan_active(id, active=active, audit=audit, schedule=schedule)


def _schedule(platform: Platform, caller: Caller, record: EntityRecord) -> ScheduleRecord | None:
    spec = launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)
    if not has_schedule(spec):
        return None
    schedule, now = schedule_of(spec.entity_metadata.schedule), platform.clock()
    first = schedule.next_after(now, zone_of(schedule.zone), since=now)
    if first is None:
        raise FailedPrecondition("ScheduleEnded", f"the schedule of launch plan `{record.id}` names no time any more")
    return ScheduleRecord(record.id, caller.principal, since=now, followed_until=now, due_at=first.at)
