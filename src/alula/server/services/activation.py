"""Making one version of a launch plan the active one, or none."""

from __future__ import annotations

from flyteidl.admin import launch_plan_pb2

from alula.core.errors import NotFound
from alula.server.identity import Caller
from alula.server.services.messages.names import entity_id
from alula.server.services.platform import Platform


async def update_launch_plan(
    platform: Platform, caller: Caller, request: launch_plan_pb2.LaunchPlanUpdateRequest
) -> None:
    """Activate (every other version of the name stops being active) or deactivate; raises `NotFound`."""
    id = entity_id(request.id)
    active = request.state == launch_plan_pb2.ACTIVE
    audit = platform.audit(
        caller,
        "activate" if active else "deactivate",
        f"launch plan {id}",
        project=id.project,
        domain=id.domain,
    )
    if not await platform.store.set_launch_plan_active(id, active=active, audit=audit):
        raise NotFound("LaunchPlanNotFound", f"there is no launch plan `{id}`")
