"""Making one version of a launch plan the active one, or none."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2

from alula.core.errors import FailedPrecondition
from alula.core.policy.registration import has_schedule
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.entities import require_entity
from alula.server.services.messages.names import entity_id
from alula.server.services.platform import Platform


async def update_launch_plan(
    platform: Platform, caller: Caller, request: launch_plan_pb2.LaunchPlanUpdateRequest
) -> None:
    """Activate (every other version of the name stops being active) or deactivate.

    Raises `NotFound`, and `FailedPrecondition` where activation promises a schedule that nobody would keep.
    """
    id = entity_id(request.id)
    active = request.state == launch_plan_pb2.ACTIVE
    record = await require_entity(platform, caller, "launch_plan", id, Action.REGISTER)
    if active and has_schedule(launch_plan_pb2.LaunchPlanSpec.FromString(record.spec)):
        raise FailedPrecondition(
            "NoScheduler",
            f"launch plan `{id}` has a schedule, and this version of Alula runs nothing by the clock",
            fix="launch it by hand, or activate a launch plan without a schedule",
        )
    audit = platform.audit(
        caller,
        "activate" if active else "deactivate",
        f"launch plan {id}",
        project=id.project,
        domain=id.domain,
    )
    await platform.store.entities.set_launch_plan_active(id, active=active, audit=audit)
