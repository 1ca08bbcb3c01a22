"""Launch plans with a schedule, read from their specifications."""

from __future__ import annotations

from datetime import tzinfo

import msgspec
from flyteidl.admin import launch_plan_pb2

from alula.core.ids import EntityId
from alula.core.policy.registration import has_schedule
from alula.core.policy.schedule import Fire, Schedule
from alula.core.policy.schedule_rules import Rules, plan_schedule, rules_of
from alula.server.store.entities import EntityRecord
from alula.server.zones import zone_of


class ScheduledPlan(msgspec.Struct, frozen=True):
    """A launch plan with the times and rules of its schedule."""

    id: EntityId
    schedule: Schedule
    rules: Rules
    zone_name: str
    zone: tzinfo
    kickoff: str
    """The input that gets the time that the run is about; empty for none."""

    def next_after(self, after: int, *, since: int) -> Fire | None:
        """The first fire after a time, of a schedule that is followed since another."""
        return self.schedule.next_after(after, self.zone, since=since)


def scheduled_plan(entity: EntityRecord, zone: str) -> ScheduledPlan | None:
    """The schedule of a launch plan, None if it has none. `zone` is for an expression that names none itself."""
    spec = launch_plan_pb2.LaunchPlanSpec.FromString(entity.spec)
    if not has_schedule(spec):
        return None
    schedule = plan_schedule(spec, plan=entity.id)
    name = schedule.zone or zone
    kickoff = spec.entity_metadata.schedule.kickoff_time_input_arg
    return ScheduledPlan(entity.id, schedule, rules_of(spec), name, zone_of(name), kickoff)
