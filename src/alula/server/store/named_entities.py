"""Names of tasks, workflows and launch plans: all versions of one as one thing."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.entities import EntityKind
from alula.server.store.query import Query


class NamedEntityRecord(msgspec.Struct, frozen=True):
    """All versions of a name as one thing. Filter fields: project, domain, name, description, state,
    created_at (of the newest version)."""

    kind: EntityKind
    project: str
    domain: str
    name: str
    description: str = ""
    state: int = 0
    """`admin.NamedEntityState`. Of a name that nobody has set one for: SYSTEM_GENERATED where every version is
    hidden, else ACTIVE."""


class NamedEntities(Protocol):
    async def put(self, entity: NamedEntityRecord, audit: Audit) -> None:
        """Create or replace what is said of a name, whether or not a version of it is registered."""
        ...

    async def get(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        """None when no version is registered."""
        ...

    async def page(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        """Names of which a version is registered."""
        ...
