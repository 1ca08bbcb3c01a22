"""Registered tasks, workflows and launch plans."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from alula.core.ids import EntityId
from alula.server.store.audits import Audit
from alula.server.store.entities import EntityKind, EntityRecord, Registered
from alula.server.store.query import Query
from alula.server.stores import fields
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits


class Entities:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
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
                self._rows[key] = entity
            self._audits.append(audit)
        return outcome

    async def get(self, kind: EntityKind, id: EntityId) -> EntityRecord | None:
        return self._rows.get((kind, id))

    async def page(self, kind: EntityKind, query: Query) -> list[EntityRecord]:
        page = fields.check(query, fields.ENTITIES)
        return lists.page_of(self.of_kind(kind), page, lists.ENTITY, attrgetter("id"))

    async def names(self, kind: EntityKind, query: Query) -> list[tuple[str, str, str]]:
        page = fields.check(query, fields.ENTITY_NAMES, only_filters=fields.ENTITIES)
        newest: dict[tuple[str, str, str], EntityRecord] = {}
        for entity in lists.matching(self.of_kind(kind), page.conditions, lists.ENTITY):
            known = newest.get(entity.id[:3])
            if known is None or known.created_at < entity.created_at:
                newest[entity.id[:3]] = entity
        whole = msgspec.structs.replace(page, conditions=())
        return [entity.id[:3] for entity in lists.page_of(newest.values(), whole, lists.ENTITY, attrgetter("id"))]

    async def active_launch_plan(self, project: str, domain: str, name: str) -> EntityRecord | None:
        for entity in self.of_kind("launch_plan"):
            if entity.active and entity.id[:3] == (project, domain, name):
                return entity
        return None

    async def set_launch_plan_active(self, id: EntityId, *, active: bool, audit: Audit) -> bool:
        entity = self._rows.get(("launch_plan", id))
        if entity is None:
            return False
        if active:
            self._deactivate(id)
        self._rows["launch_plan", id] = msgspec.structs.replace(entity, active=active)
        self._audits.append(audit)
        return True

    def of_kind(self, kind: EntityKind) -> Sequence[EntityRecord]:
        return [entity for entity in self._rows.values() if entity.kind == kind]

    def _deactivate(self, id: EntityId) -> None:
        for entity in self.of_kind("launch_plan"):
            if entity.active and entity.id[:3] == id[:3]:
                self._rows["launch_plan", entity.id] = msgspec.structs.replace(entity, active=False)
