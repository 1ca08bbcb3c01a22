"""Settings of projects, domains and workflows."""

from __future__ import annotations

from alula.server.store.attributes import AttributesRecord
from alula.server.store.audits import Audit
from alula.server.stores.memory.audits import Audits


class Attributes:
    def __init__(self, audits: Audits) -> None:
        self._audits = audits
        self._rows: dict[tuple[str, str, str, int], AttributesRecord] = {}

    async def put(self, attributes: AttributesRecord, audit: Audit) -> None:
        key = (attributes.project, attributes.domain, attributes.workflow, attributes.resource)
        self._rows[key] = attributes
        self._audits.append(audit)

    async def delete(self, resource: int, *, project: str, domain: str, workflow: str, audit: Audit) -> bool:
        if self._rows.pop((project, domain, workflow, resource), None) is None:
            return False
        self._audits.append(audit)
        return True

    async def find(
        self, resource: int | None = None, *, at: tuple[str, str, str] | None = None
    ) -> list[AttributesRecord]:
        in_order = [kept for _, kept in sorted(self._rows.items())]
        found = [kept for kept in in_order if resource is None or kept.resource == resource]
        if at is None:
            return found
        project, domain, workflow = at
        return [
            kept
            for kept in found
            if kept.project == project and kept.domain in ("", domain) and kept.workflow in ("", workflow)
        ]
