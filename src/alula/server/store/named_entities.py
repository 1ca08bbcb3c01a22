"""Names of tasks, workflows and launch plans: all versions of one as one thing."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.entities import EntityKind
from alula.server.store.listing import Listing, named, text, time
from alula.server.store.query import Query


class NamedEntityRecord(msgspec.Struct, frozen=True):
    """All versions of a name as one thing."""

    kind: EntityKind
    project: str
    domain: str
    name: str
    description: str = ""
    state: int = 0
    """`admin.NamedEntityState`. Of a name that nobody has set one for: SYSTEM_GENERATED where every version is
    hidden, else ACTIVE."""
    created_at: int = 0
    """Of the newest version; set by the store."""


NAMED_ENTITIES: Listing[NamedEntityRecord] = Listing(
    fields={
        "project": text("project"),
        "domain": text("domain"),
        "name": text("name"),
        "description": text("description"),
        "state": named(
            "state",
            {"NAMED_ENTITY_ACTIVE": 0, "ACTIVE": 0, "NAMED_ENTITY_ARCHIVED": 1, "ARCHIVED": 1, "SYSTEM_GENERATED": 2},
            "NAMED_ENTITY_ACTIVE, NAMED_ENTITY_ARCHIVED or SYSTEM_GENERATED",
        ),
        "created_at": time("created_at"),
    },
    identity=("project", "domain", "name"),
)


class NamedEntities(Protocol):
    async def put(self, entity: NamedEntityRecord, audit: Audit) -> None:
        """Create or replace the description and state of a name, even if no version of it is registered."""
        ...

    async def get(self, kind: EntityKind, project: str, domain: str, name: str) -> NamedEntityRecord | None:
        """None if no version is registered."""
        ...

    async def page(self, kind: EntityKind, query: Query) -> list[NamedEntityRecord]:
        """Names that have a registered version."""
        ...
