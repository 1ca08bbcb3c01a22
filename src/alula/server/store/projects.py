"""Projects."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.listing import Listing, named, text, time
from alula.server.store.query import Query


class ProjectRecord(msgspec.Struct, frozen=True):
    id: str
    name: str
    description: str = ""
    labels: dict[str, str] = {}
    archived: bool = False
    created_at: int = 0


PROJECTS: Listing[ProjectRecord] = Listing(
    fields={
        "id": text("id"),
        "identifier": text("id"),
        "project": text("id"),
        "name": text("name"),
        "description": text("description"),
        "state": named("archived", {"ACTIVE": 0, "ARCHIVED": 1}, "ACTIVE or ARCHIVED"),
        "created_at": time("created_at"),
    },
    identity=("id",),
)


class Projects(Protocol):
    async def put(self, project: ProjectRecord, audit: Audit) -> None:
        """Create or replace."""
        ...

    async def get(self, project: str) -> ProjectRecord | None: ...

    async def page(self, query: Query) -> list[ProjectRecord]: ...
