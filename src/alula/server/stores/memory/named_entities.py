"""Names of tasks, workflows and launch plans: all versions of one as one thing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.entities import EntityKind, EntityRecord
from alula.server.store.named_entities import NAMED_ENTITIES, NamedEntityRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check, one_name
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.entities import Entities


class NamedEntities:
    def __init__(self, audits: Audits, entities: Entities) -> None:
        self._audits = audits
        self._entities = entities
        self._said: dict[tuple[EntityKind, str, str, str], NamedEntityRecord] = {}

    async def put(self, entity: NamedEntityRecord, audit: Audit) -> None:
        self._said[entity.kind, entity.project, entity.domain, entity.name] = entity
        self._audits.append(audit)

    async def get(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        found = await self.page(kind, one_name(project, domain, name))
        return found[0] if found else None

    async def page(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        page = check(query, NAMED_ENTITIES)
        versions: dict[tuple[str, str, str], list[EntityRecord]] = {}
        for entity in self._entities.of_kind(kind):
            versions.setdefault(entity.id[:3], []).append(entity)
        names = [self._name(kind, name, of_name) for name, of_name in versions.items()]
        return lists.page_of(names, page, NAMED_ENTITIES)

    def _name(
        self, kind: EntityKind, name: tuple[str, str, str], versions: Sequence[EntityRecord]
    ) -> NamedEntityRecord:
        state = 2 if all(version.hidden for version in versions) else 0
        record = self._said.get((kind, *name), NamedEntityRecord(kind, *name, state=state))
        return msgspec.structs.replace(record, created_at=max(version.created_at for version in versions))
