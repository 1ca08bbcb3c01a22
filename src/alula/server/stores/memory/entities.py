"""Registered tasks, workflows and launch plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from alula.core.ids import EntityId, Place
from alula.server.store.audits import Audit
from alula.server.store.entities import (
    ENTITIES,
    ENTITY_NAMES,
    EntityKind,
    EntityName,
    EntityRecord,
    NewestVersion,
    Registered,
)
from alula.server.store.query import Query
from alula.server.store.schedule_records import ScheduleRecord
from alula.server.store.trigger_records import TriggerRecord
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.schedules import Schedules
from alula.server.stores.memory.triggers import Triggers


class Entities:
    def __init__(self, audits: Audits, schedules: Schedules, triggers: Triggers) -> None:
        self._audits = audits
        self._schedules = schedules
        self._triggers = triggers
        self._rows: dict[tuple[EntityKind, EntityId], EntityRecord] = {}

    async def register(self, entities: Sequence[EntityRecord], audit: Audit) -> list[Registered]:
        new: dict[tuple[EntityKind, EntityId], EntityRecord] = {}
        outcome: list[Registered] = []
        for entity in entities:
            key = (entity.kind, entity.id)
            standing = self._rows.get(key) or new.get(key)
            if standing is None:
                new[key] = entity
                outcome.append(Registered.CREATED)
            else:
                same = standing.digest == entity.digest
                outcome.append(Registered.IDENTICAL if same else Registered.DIFFERENT)
        if new and Registered.DIFFERENT not in outcome:
            for key, entity in new.items():
                if entity.active:
                    self._deactivate(entity.id)
                    self._schedules.activated(entity.id, None)
                    self._triggers.activated(entity.id, None)
                self._rows[key] = entity
            self._audits.append(audit)
        return outcome

    async def get(self, kind: EntityKind, id: EntityId) -> EntityRecord | None:
        return self._rows.get((kind, id))

    async def page(self, kind: EntityKind, query: Query) -> list[EntityRecord]:
        page = check(query, ENTITIES)
        return lists.page_of(self.of_kind(kind), page, ENTITIES)

    async def names(self, kind: EntityKind, query: Query) -> list[EntityName]:
        page = check(query, ENTITY_NAMES)
        newest: dict[tuple[str, str, str], int] = {}
        for entity in lists.chosen(self.of_kind(kind), page, ENTITIES):
            name = entity.id[:3]
            newest[name] = max(newest.get(name, 0), entity.created_at)
        names = [EntityName(*name, created_at) for name, created_at in newest.items()]
        return lists.page_of(names, msgspec.structs.replace(page, conditions=(), places=None), ENTITY_NAMES)

    async def newest_versions(
        self, kind: EntityKind, place: Place, first: str, last: str, limit: int
    ) -> list[NewestVersion]:
        newest: dict[str, EntityRecord] = {}
        for entity in self.of_kind(kind):
            if entity.hidden or entity.id[:2] != place or not first <= entity.id.name <= last:
                continue
            known = newest.get(entity.id.name, entity)
            newest[entity.id.name] = max(known, entity, key=lambda each: (each.created_at, each.id.version))
        found = sorted(newest.items())[:limit]
        return [NewestVersion(name, entity.id.version, entity.created_at) for name, entity in found]

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None:
        for entity in self.of_kind("launch_plan"):
            if entity.active and entity.id[:3] == (project, domain, name):
                return entity
        return None

    async def set_launch_plan_active(
        self,
        id: EntityId,
        *,
        active: bool,
        audit: Audit,
        schedule: ScheduleRecord | None = None,
        trigger: TriggerRecord | None = None,
    ) -> bool:
        entity = self._rows.get(("launch_plan", id))
        if entity is None:
            return False
        if active:
            self._deactivate(id)
            self._schedules.activated(id, schedule)
            self._triggers.activated(id, trigger)
        else:
            self._schedules.deactivated(id)
            self._triggers.deactivated(id)
        self._rows["launch_plan", id] = msgspec.structs.replace(entity, active=active)
        self._audits.append(audit)
        return True

    def of_kind(self, kind: EntityKind) -> Sequence[EntityRecord]:
        return [entity for entity in self._rows.values() if entity.kind == kind]

    def _deactivate(self, id: EntityId) -> None:
        for entity in self.of_kind("launch_plan"):
            if entity.active and entity.id[:3] == id[:3]:
                self._rows["launch_plan", entity.id] = msgspec.structs.replace(entity, active=False)

    def values(self) -> Iterator[bytes]:
        """Everything in it that may name objects."""
        return (entity.spec for entity in self._rows.values())
