"""Launch plans with a schedule as the scheduler needs them. They are read once, as a version never changes."""

from __future__ import annotations

from alula.core.ids import EntityId
from alula.server.services.scheduled_plans import ScheduledPlan, scheduled_plan
from alula.server.store.entities import Entities
from alula.server.store.schedule_records import ScheduleRecord

KEPT_MAX = 20_000


class Plans:
    """The plans of the schedules that were followed last."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities
        self._kept: dict[tuple[EntityId, str], ScheduledPlan] = {}

    async def of(self, record: ScheduleRecord) -> ScheduledPlan:
        """The plan of a schedule."""
        key = record.plan, record.zone
        found = self._kept.pop(key, None) or await self._read(record)
        self._kept[key] = found  # at the end of the order, as the one that was used last
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        return found

    async def _read(self, record: ScheduleRecord) -> ScheduledPlan:
        entity = await self._entities.get("launch_plan", record.plan)
        plan = scheduled_plan(entity, record.zone) if entity is not None else None
        assert plan is not None, "an active launch plan with a schedule is registered"
        return plan
