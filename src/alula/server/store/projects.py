"""Projects."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alula.server.store.audits import Audit
from alula.server.store.query import Query


class ProjectRecord(msgspec.Struct, frozen=True):
    id: str
    name: str
    description: str = ""
    labels: dict[str, str] = {}
    archived: bool = False
    created_at: int = 0


class Projects(Protocol):
    async def put(self, project: ProjectRecord, audit: Audit) -> None:
        """Create or replace."""
        ...

    async def get(self, project: str) -> ProjectRecord | None: ...

    async def page(self, query: Query) -> list[ProjectRecord]: ...
