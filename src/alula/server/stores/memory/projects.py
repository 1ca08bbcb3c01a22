"""Projects."""

from __future__ import annotations

from alula.server.store.audits import Audit
from alula.server.store.projects import PROJECTS, ProjectRecord
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.audits import Audits


class Projects:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
        self._rows: dict[str, ProjectRecord] = {}

    @property
    def are_none(self) -> bool:
        return not self._rows

    async def put(self, project: ProjectRecord, audit: Audit) -> None:
        self._rows[project.id] = project
        self._audits.append(audit)

    async def get(self, project: str) -> ProjectRecord | None:
        return self._rows.get(project)

    async def page(self, query: Query) -> list[ProjectRecord]:
        page = check(query, PROJECTS)
        return lists.page_of(self._rows.values(), page, PROJECTS)
